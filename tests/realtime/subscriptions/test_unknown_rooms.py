"""A replica does not follow a room for users who may not read it."""

import asyncio
import json
from collections.abc import MutableMapping
from typing import Any

import pytest

from hubbub.accounts.models import User
from hubbub.chat.actions import rooms
from hubbub.chat.models import Room
from hubbub.realtime.connections.connection import Connection, Identity
from hubbub.realtime.connections.transport import AsgiTransport
from hubbub.realtime.db.executors import close_all_connections
from hubbub.realtime.lifecycle.replica import Replica
from hubbub.realtime.subscriptions.subscribe import SubscribeRequest

pytestmark = pytest.mark.django_db(transaction=True)


def test_rooms_that_a_user_may_not_subscribe_to_are_not_followed(
    alice: User, charlie: User, lobby: Room
) -> None:
    private = rooms.create(alice, name="ours", kind="private")
    public = rooms.create(alice, name="everyone's", kind="public")
    positions: dict[int, int | None] = dict.fromkeys([private.pk, public.pk, 10**6, lobby.pk], 0)
    sent: list[MutableMapping[str, Any]] = []

    async def send(message: MutableMapping[str, Any]) -> None:
        sent.append(json.loads(message["text"]))

    async def scenario() -> set[int]:
        replica = Replica()
        hub = replica.hub
        connection = Connection(AsgiTransport(send), Identity(charlie, None, None, {lobby.pk: 0}))
        hub.connections.add(connection)
        await SubscribeRequest(hub, replica.catch_up, connection, None).run(positions)
        await replica.group_commit.close()
        await close_all_connections()
        return set(hub.local_rooms)

    assert asyncio.run(scenario()) == {lobby.pk}
    refused = {frame["room"]: frame["code"] for frame in sent if frame["type"] == "problem"}
    assert refused == {private.pk: "not_found", public.pk: "forbidden", 10**6: "not_found"}
