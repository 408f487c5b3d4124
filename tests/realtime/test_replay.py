"""What a subscription replays reaches up to where it goes live, whatever is heard meanwhile."""

import asyncio

import pytest
from pytest_django import Settings

from hubbub.accounts.models import User
from hubbub.chat.actions.send import send
from hubbub.chat.events import Entry, read_log
from hubbub.chat.models import Room
from hubbub.realtime.db.executors import close_all_connections
from hubbub.realtime.hub import Hub
from hubbub.realtime.subscriptions.replay import read_missed

pytestmark = pytest.mark.django_db(transaction=True)


def test_what_the_feed_held_beyond_the_page_read_is_replayed_too(
    alice: User, lobby: Room, settings: Settings
) -> None:
    for n in range(10):
        send(alice, room_id=lobby.pk, nonce=f"n{n}", body=f"message {n}")
    log = read_log(lobby.pk, 0, 100)
    begin, page = log[-8].seq, 5
    settings.REPLAY_MAX_EVENTS = page

    async def scenario() -> tuple[list[Entry] | None, int | None]:
        hub = Hub()
        room = hub.room(lobby.pk)
        room.feed.start(begin, now=0.0)
        # Rung already, ahead of what is still missing: held.
        hub.take(room, log[-4:])
        missed = await read_missed(hub, room, begin - 1)
        await hub.group_commit.close()
        await close_all_connections()
        return missed, room.feed.seq

    missed, live_from = asyncio.run(scenario())
    assert missed is not None
    assert [entry.seq for entry in missed] == list(range(begin, log[-1].seq + 1))
    assert live_from == log[-1].seq
