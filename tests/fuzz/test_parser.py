"""Whatever the parser is given, it returns a command within the protocol's bounds or its problem."""

import json
import time
import tracemalloc
from typing import Any

import msgspec
import pytest
from django.conf import settings
from hypothesis import example, given
from hypothesis import strategies as st

from hubbub.realtime import protocol
from hubbub.realtime.protocol import Problem
from tests.fuzz.frames import SOME_JSON, TEXT, commands, mutated, nested
from tests.fuzz.rounds import examples

CODES = {"bad_frame", "unknown_type", "invalid", "too_large"}
MAX_ID = 2**63 - 1
IDS = st.integers(1, MAX_ID) | st.integers(1, 9)
COMMANDS = commands(st.integers(1, 10**18 - 1) | st.integers(1, 9), IDS)
# What an answer says besides the `ref` that it repeats.
SAID_BYTES = 400
# Of the processor, for the worst frame: thousands of times as long as for a usual one.
PARSE_SECONDS = 0.5
# Of memory: a frame's text, what was read of it, and its escapes at their longest.
PARSE_BYTES = 64 * settings.MAX_FRAME_BYTES


def ensure_parsed_or_refused(text: str | None) -> None:
    """Hold the parser to its promise for one frame, and its answer to a bounded size."""
    try:
        ref, command = protocol.parse(text)
    except Problem as problem:
        assert problem.code in CODES
        assert problem.detail
        answer = protocol.problem_frame(problem)
    else:
        ensure_within_bounds(command)
        answer = protocol.answer("ok", ref)
    json.loads(answer)
    assert len(answer.encode()) <= SAID_BYTES + settings.MAX_FRAME_BYTES


def ensure_within_bounds(command: protocol.Command) -> None:
    """Everything behind the parser relies on this, the database's columns above all."""
    for name, value in msgspec.structs.asdict(command).items():
        match name, value:
            case ("room" | "message", int()):
                assert 1 <= value <= MAX_ID
            case ("reply_to", int() | None):
                assert value is None or 1 <= value <= MAX_ID
            case ("number", int()):
                assert 0 <= value <= MAX_ID
            case ("nonce", str()):
                assert 1 <= len(value) <= settings.MAX_NONCE_CHARS
            case ("body", str()):
                value.encode()
            case ("rooms", dict()):
                for room, position in value.items():
                    assert str(int(room)) == room
                    assert 1 <= int(room) <= MAX_ID
                    assert position is None or 0 <= position <= MAX_ID
            case _:
                raise AssertionError(f"{name} of {command} is not what the protocol says")


@given(COMMANDS)
@examples(150)
def test_every_valid_command_is_understood_as_it_was_said(command: dict[str, Any]) -> None:
    said = {"type": command["type"]}
    ref, parsed = protocol.parse(json.dumps(command))
    assert ref == command.get("ref")
    understood = msgspec.structs.asdict(parsed)
    assert said | understood == {name: each for name, each in command.items() if name != "ref"}


@given(mutated(COMMANDS))
@examples(600)
@example('{"type":"subscribe","rooms":{"1\\n":0,"1":1}}')
@example('{"type":"ping","ref":' + "9" * 4_300 + "}")
def test_a_spoilt_command_is_parsed_or_refused(text: str) -> None:
    ensure_parsed_or_refused(text)


@given(st.none() | TEXT | SOME_JSON)
@examples(300)
@example("\ud800" * 20_000)
@example("\ufeff{}")
def test_any_text_and_any_json_is_parsed_or_refused(text: str | None) -> None:
    ensure_parsed_or_refused(text)


@pytest.mark.parametrize("depth", [10, 500, 5_000, 30_000, 100_000])
def test_no_depth_is_too_much(depth: int) -> None:
    for text in nested(depth):
        ensure_parsed_or_refused(text)


WORST = {
    "rooms": '{"type":"subscribe","rooms":{%s}}' % ",".join(f'"{n}":0' for n in range(1, 6_500)),
    "empty rooms": '{"type":"subscribe","rooms":{%s}}' % ",".join(['"":0'] * 12_000),
    "digits": '{"type":"read","room":1,"number":' + "9" * 65_000 + "}",
    "digits of a ref": '{"type":"ping","ref":' + "9" * 65_000 + "}",
    "an exponent": '{"type":"read","room":1,"number":1e' + "9" * 65_000 + "}",
    "fields": '{"type":"ping",%s}' % ",".join(['"type":"ping"'] * 4_600),
    "escapes": '{"type":"message.send","room":1,"nonce":"n","body":"' + "\\u0001" * 10_900 + '"}',
    "a key of digits": '{"type":"subscribe","rooms":{"' + "1" * 65_000 + '":0}}',
    "arrays": '{"type":"ping","x":[' + "[]," * 21_000 + "1]}",
    "megabytes": '{"type":"ping","x":"' + "x" * 4_000_000 + '"}',
}


@pytest.mark.parametrize("name", WORST)
def test_the_worst_frames_take_little_time_and_memory(name: str) -> None:
    began = time.thread_time()
    ensure_parsed_or_refused(WORST[name])
    assert time.thread_time() - began < PARSE_SECONDS
    tracemalloc.start()
    try:
        ensure_parsed_or_refused(WORST[name])
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert peak < PARSE_BYTES
