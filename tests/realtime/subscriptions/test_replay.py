"""A replay ends exactly where the subscription goes live."""

import asyncio

import pytest
from pytest_django import Settings

from hubbub.accounts.models import User
from hubbub.chat.actions.send import send
from hubbub.chat.log_entries import read_log
from hubbub.chat.models import Room
from hubbub.realtime.db.executors import close_all_connections
from hubbub.realtime.hub import Hub
from hubbub.realtime.subscriptions.replay import ReplayPage, ReplayPager

pytestmark = pytest.mark.django_db(transaction=True)


def test_entries_held_beyond_the_page_that_was_read_are_replayed_too(
    alice: User, lobby: Room, settings: Settings
) -> None:
    for n in range(10):
        send(alice, room_id=lobby.pk, nonce=f"n{n}", body=f"message {n}")
    log = read_log(lobby.pk, 0, 100)
    start, page_size = log[-8].seq, 5
    settings.REPLAY_MAX_EVENTS = page_size

    async def scenario() -> tuple[ReplayPage, int | None]:
        hub = Hub()
        room = hub.open_room(lobby.pk)
        room.start(start)
        # These entries come from the bus, ahead of entries that are still missing. So they are
        # held.
        room.receive(log[-4:])
        page = await ReplayPager(room, start - 1).read_page()
        await close_all_connections()
        return page, room.seq

    page, live_from = asyncio.run(scenario())
    assert page.resumed
    assert page.is_last
    assert [entry.seq for entry in page.entries] == list(range(start, log[-1].seq + 1))
    assert live_from == log[-1].seq
