"""A tab chooses to be away only from an open connection, and always comes back."""

import asyncio
from collections.abc import AsyncIterator
from dataclasses import replace
from random import Random
from typing import Any

import pytest

from loadtests.lib.client import Client
from loadtests.lib.client.connection_listener import ConnectionListener
from loadtests.lib.client.history import Frame
from loadtests.lib.client.subscription import Start
from loadtests.lib.simulation.tab_activities import TabActivities
from loadtests.lib.simulation.user_kinds import VISITOR, Activity
from tests.support.faulty_chat_server import ROOM, faulty_chat_server

BRIEFLY_AWAY = replace(VISITOR, away_seconds=(0.0, 0.0))
LONG_AWAY = replace(VISITOR, away_seconds=(60.0, 60.0))


class RecordedConnection(ConnectionListener):
    def __init__(self) -> None:
        self.reports: list[str] = []

    def lost(self, intended: bool) -> None:
        self.reports.append("chosen loss" if intended else "loss")

    def all_open(self) -> None:
        self.reports.append("all open")


@pytest.fixture
def connection() -> RecordedConnection:
    return RecordedConnection()


@pytest.fixture
async def client(connection: RecordedConnection) -> AsyncIterator[Client]:
    """A client that has just started to connect."""
    with faulty_chat_server() as address:
        client = Client("alice", "Cookie: sessionid=1", [address], listener=connection)
        async with client:
            await client.subscribe(ROOM, Start.NOW)
            yield client


async def test_a_user_is_away_by_choice_only_after_all_rooms_are_open(
    client: Client, connection: RecordedConnection
) -> None:
    tab = TabActivities(client, BRIEFLY_AWAY, lambda: "hello", Random(1))
    await tab.perform(Activity.LOSE_CONNECTION, ROOM)
    await client.wait_until(lambda: client.all_open)
    assert connection.reports == ["all open", "chosen loss", "all open"]
    assert not tab.away


async def test_a_user_whose_absence_is_cancelled_comes_back(client: Client) -> None:
    tab = TabActivities(client, LONG_AWAY, lambda: "hello", Random(1))
    await client.wait_until(lambda: client.all_open)
    absence = asyncio.create_task(tab.perform(Activity.LOSE_CONNECTION, ROOM))
    await client.wait_until(lambda: not client.connected)
    absence.cancel()
    await client.wait_until(lambda: client.all_open)
    assert not tab.away


async def test_a_subclass_can_derive_the_text_of_an_edit_from_the_sent_text(
    client: Client,
) -> None:
    edits: list[Frame] = []

    class ExclaimingTab(TabActivities):
        def edited_text(self, body: str) -> str:
            return f"{body}!"

        async def command(self, type: str, **fields: Any) -> Frame:
            if type == "message.edit":
                edits.append(fields)
            return await super().command(type, **fields)

    tab = ExclaimingTab(client, VISITOR, lambda: "hello", Random(1))
    for activity in (Activity.SEND, Activity.EDIT, Activity.EDIT):
        await tab.perform(activity, ROOM)
    message = tab.own_messages[ROOM][0].id
    assert edits == [{"message": message, "body": "(edited) hello!"}] * 2
