"""The connection of a client that keeps sending frames that are refused is closed."""

from pytest_django import Settings

from hubbub.realtime.connections.bad_frames import BadFrames
from hubbub.realtime.protocol.json_frames import CommandProblem

MALFORMED = CommandProblem("bad_frame", "Not JSON.")
FORBIDDEN = CommandProblem("forbidden", "Join the room first.")


def test_too_many_malformed_frames_in_a_row_close_the_connection(settings: Settings) -> None:
    settings.MAX_BAD_FRAMES = 3
    frames = BadFrames()
    assert [frames.refuse(MALFORMED) for _ in range(3)] == [None, None, 4500]


def test_a_good_frame_ends_the_row(settings: Settings) -> None:
    settings.MAX_BAD_FRAMES = 3
    frames = BadFrames()
    for _ in range(5):
        assert [frames.refuse(MALFORMED) for _ in range(2)] == [None, None]
        frames.accept()


def test_refusals_of_any_kind_close_the_connection_past_a_higher_limit(settings: Settings) -> None:
    settings.MAX_REFUSED_COMMANDS, settings.COMMANDS_PER_SECOND = 3, 0.001
    frames = BadFrames()
    assert [frames.refuse(FORBIDDEN) for _ in range(4)] == [None, None, None, 4006]
