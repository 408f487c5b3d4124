"""Decides when to close the connection of a client that keeps sending frames that are refused.

Too many malformed frames in a row mean a broken client, which must not reconnect. Too many refusals
of any kind mean a client that ignores refusals. `Commands` reports each frame here.
"""

import time

from django.conf import settings

from hubbub.chat.rate_limits import Bucket
from hubbub.realtime.protocol import close_codes
from hubbub.realtime.protocol.json_frames import CommandProblem


class BadFrames:
    """Counts the malformed and the refused frames of one connection."""

    __slots__ = ("_malformed_in_a_row", "_refusals")

    def __init__(self) -> None:
        self._malformed_in_a_row = 0
        self._refusals: Bucket | None = None  # created on the first refusal, which is rare

    def accept(self) -> None:
        """Note a frame that was not refused. The next malformed frame starts a new row."""
        self._malformed_in_a_row = 0

    def refuse(self, problem: CommandProblem) -> int | None:
        """Count a refused frame. Return the code to close with, or None to stay open."""
        self._malformed_in_a_row += problem.is_malformed
        if self._malformed_in_a_row >= settings.MAX_BAD_FRAMES:
            return close_codes.BAD_FRAMES
        return close_codes.FLOODING if self._exceeds_refusal_limit(time.monotonic()) else None

    def _exceeds_refusal_limit(self, now: float) -> bool:
        if self._refusals is None:
            limit = float(settings.MAX_REFUSED_COMMANDS)
            self._refusals = Bucket(limit, settings.COMMANDS_PER_SECOND, limit, now)
        return self._refusals.take(now) > 0
