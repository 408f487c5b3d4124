"""A user whose connection has gone stays present for a moment."""

import asyncio
from collections.abc import Callable

import pytest
from django.conf import settings

from hubbub.realtime.presence.linger import leave_after_linger
from hubbub.realtime.presence.presence import Presence


def departures(meanwhile: Callable[[Presence], object]) -> int:
    """Return how often alice leaves, if `meanwhile` runs after her only connection has gone."""

    async def scenario(monkeypatch: pytest.MonkeyPatch) -> int:
        now = 0.0
        monkeypatch.setattr(asyncio.get_running_loop(), "time", lambda: now)
        room = Presence(list_max=100)
        room.connect(1, "alice")
        leaves: list[None] = []
        leave_after_linger(room, 1, lambda: leaves.append(None))
        now = 0.9 * settings.PRESENCE_LINGER_SECONDS
        await run_what_is_due()
        assert 1 in room.online()
        meanwhile(room)
        now = 1.1 * settings.PRESENCE_LINGER_SECONDS
        await run_what_is_due()
        assert (1 in room.online()) == (not leaves)
        return len(leaves)

    with pytest.MonkeyPatch.context() as monkeypatch:
        return asyncio.run(scenario(monkeypatch))


async def run_what_is_due() -> None:
    for _ in range(3):
        await asyncio.sleep(0)


def test_a_user_who_does_not_return_leaves_after_the_linger() -> None:
    assert departures(lambda room: None) == 1


def test_a_user_who_reloads_the_page_is_not_shown_as_leaving() -> None:
    assert departures(lambda room: room.connect(1, "alice")) == 0
