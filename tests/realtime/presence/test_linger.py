"""A user whose connection has gone stays present for a moment."""

import asyncio
from collections.abc import Callable

import pytest
from pytest_django import Settings

from hubbub.realtime.presence.linger import leave_after_linger
from hubbub.realtime.presence.presence import Presence


@pytest.fixture(autouse=True)
def _short_linger(settings: Settings) -> None:
    settings.PRESENCE_LINGER_SECONDS = 0.01


def departures(meanwhile: Callable[[Presence], object]) -> int:
    """Return how often alice leaves, if `meanwhile` runs after her only connection has gone."""

    async def scenario() -> int:
        room = Presence(list_max=100)
        room.connect(1, "alice")
        leaves: list[None] = []
        leave_after_linger(room, 1, lambda: leaves.append(None))
        assert 1 in room.online()
        meanwhile(room)
        await asyncio.sleep(0.02)
        assert (1 in room.online()) == (not leaves)
        return len(leaves)

    return asyncio.run(scenario())


def test_a_user_who_does_not_return_leaves_after_the_linger() -> None:
    assert departures(lambda room: None) == 1


def test_a_user_who_reloads_the_page_is_not_shown_as_leaving() -> None:
    assert departures(lambda room: room.connect(1, "alice")) == 0
