"""Checks what the parser guarantees for every frame. Hypothesis and the guided fuzzer use it."""

import json

import msgspec
from django.conf import settings

from hubbub.realtime.protocol import json_frames
from hubbub.realtime.protocol.json_frames import CommandProblem

CODES = {"bad_frame", "unknown_type", "invalid", "too_large"}
MAX_ID = 2**63 - 1
# The size of an answer without the `ref` that it repeats.
ANSWER_BYTES = 400


def ensure_parsed_or_refused(text: str | None) -> None:
    """Check that a frame is parsed or refused, with an answer of bounded size."""
    answer = _answer_to(text)
    fields = json.loads(answer)
    assert fields["type"] == "ok" or (fields["code"] in CODES and fields["detail"])
    assert len(answer.encode()) <= ANSWER_BYTES + settings.MAX_FRAME_BYTES


def ensure_within_bounds(command: json_frames.Command) -> None:
    """Check the limits that later code relies on, such as the ranges of database columns."""
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
                raise AssertionError(f"{name} of {command} is not in the protocol")


def _answer_to(text: str | None) -> str:
    try:
        ref, command = json_frames.parse(text)
    except CommandProblem as problem:
        return json_frames.problem_frame(problem)
    ensure_within_bounds(command)
    return json_frames.answer("ok", ref)
