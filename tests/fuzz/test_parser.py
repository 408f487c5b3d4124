"""For any input, the parser returns a command within the limits or refuses it with a `problem`."""

import json
import time
import tracemalloc
from typing import Any

import msgspec
import pytest
from django.conf import settings
from hypothesis import example, given
from hypothesis import strategies as st

from hubbub.realtime.protocol import json_frames
from tests.fuzz.command_strategies import SOME_JSON, TEXT, commands, defective, nested
from tests.fuzz.parser_checks import ensure_parsed_or_refused
from tests.fuzz.rounds import examples

IDS = st.integers(1, 2**63 - 1) | st.integers(1, 9)
COMMANDS = commands(st.integers(1, 10**18 - 1) | st.integers(1, 9), IDS)
# The CPU time allowed for the worst frame: thousands of times as much as a usual frame takes.
PARSE_SECONDS = 0.5
# The memory allowed for a frame's text, the parsed values, and its escapes at their longest.
PARSE_BYTES = 64 * settings.MAX_FRAME_BYTES


@given(COMMANDS)
@examples(150)
def test_every_valid_command_is_parsed_to_the_same_values(command: dict[str, Any]) -> None:
    ref, parsed = json_frames.parse(json.dumps(command))
    assert ref == command.get("ref")
    values = {"type": command["type"], **msgspec.structs.asdict(parsed)}
    assert values == {name: each for name, each in command.items() if name != "ref"}


@given(defective(COMMANDS))
@examples(600)
@example('{"type":"subscribe","rooms":{"1\\n":0,"1":1}}')
@example('{"type":"ping","ref":' + "9" * 4_300 + "}")
def test_a_defective_command_is_parsed_or_refused(text: str) -> None:
    ensure_parsed_or_refused(text)


@given(st.none() | TEXT | SOME_JSON)
@examples(300)
@example("\ud800" * 20_000)
@example("\ufeff{}")
def test_any_text_and_any_json_is_parsed_or_refused(text: str | None) -> None:
    ensure_parsed_or_refused(text)


@pytest.mark.parametrize("depth", [10, 500, 5_000, 30_000, 100_000])
def test_no_depth_breaks_the_parser(depth: int) -> None:
    for text in nested(depth):
        ensure_parsed_or_refused(text)


WORST = {
    "rooms": '{"type":"subscribe","rooms":{' + ",".join(f'"{n}":0' for n in range(1, 6_500)) + "}}",
    "empty rooms": '{"type":"subscribe","rooms":{' + ",".join(['"":0'] * 12_000) + "}}",
    "digits": '{"type":"read","room":1,"number":' + "9" * 65_000 + "}",
    "digits of a ref": '{"type":"ping","ref":' + "9" * 65_000 + "}",
    "an exponent": '{"type":"read","room":1,"number":1e' + "9" * 65_000 + "}",
    "fields": "{" + ",".join(['"type":"ping"'] * 4_600) + "}",
    "escapes": '{"type":"message.send","room":1,"nonce":"n","body":"' + "\\u0001" * 10_900 + '"}',
    "a key of digits": '{"type":"subscribe","rooms":{"' + "1" * 65_000 + '":0}}',
    "arrays": '{"type":"ping","x":[' + "[]," * 21_000 + "1]}",
    "megabytes": '{"type":"ping","x":"' + "x" * 4_000_000 + '"}',
}


@pytest.mark.parametrize("name", WORST)
def test_the_worst_frames_take_little_time_and_memory(name: str) -> None:
    started = time.thread_time()
    ensure_parsed_or_refused(WORST[name])
    assert time.thread_time() - started < PARSE_SECONDS
    tracemalloc.start()
    try:
        ensure_parsed_or_refused(WORST[name])
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert peak < PARSE_BYTES
