"""A replica that dies takes nothing with it: no message, and nobody who comes back."""

import asyncio
import time

import pytest
from django.conf import settings

from loadtests.lib.client import Client
from loadtests.lib.servers import Replica
from tests.cluster.stage import Stage, elapse, opened, sending, start
from tests.support.observations import longest_time_away, shown_as_left

pytestmark = pytest.mark.deployment

# The header of a masked text frame of 100 bytes, and no more than its beginning.
HALF_A_FRAME = b"\x81\xe4\x00\x00\x00\x00" + b'{"type":"message.send"'
GONE_SECONDS = 10
# Whoever is back within this was never gone for others: on a busy machine it takes some longer.
BACK_SECONDS = settings.PRESENCE_LINGER_SECONDS


async def test_killed_three_times_while_twenty_clients_send(stage: Stage) -> None:
    people = stage.users(20)
    room = stage.room(people)
    clients = [stage.client(person) for person in people]
    async with opened(clients, room):
        async with sending(clients, [room]):
            for round in range(3):
                await elapse(1)
                await kill_in_mid_frame(stage.cluster.replicas[round % 2], clients)
                for client in clients:
                    await client.wait_until(lambda: client.connected)
        await stage.settle(room, clients)
        back_in_time = {
            client.protocol.user for client in clients if longest_time_away([client]) < BACK_SECONDS
        }
        assert shown_as_left(clients) & back_in_time == set()
    await stage.assert_consistent(clients)


async def test_who_does_not_come_back_is_gone_for_everyone_and_who_does_never_was(
    stage: Stage,
) -> None:
    people = stage.users(6)
    room = stage.room(people)
    replica = stage.cluster.replicas[0]
    watching = [stage.client(person, 1) for person in people[:2]]
    returning = [stage.client(person, 0) for person in people[2:4]]
    leaving = [stage.client(person, 0) for person in people[4:]]
    async with opened([*watching, *returning, *leaving], room):
        for client in returning:
            client.addresses = [stage.address(1)]
        everybody = {person.id for person in people}
        for client in watching:
            await client.wait_until(lambda: client.subscription(room).online == everybody)
        killed_at = time.monotonic()
        replica.kill()
        for client in leaving:
            await client.close()
        gone = {person.id for person in people[4:]}
        for client in (*watching, *returning):
            await client.wait_until(
                lambda: client.connected and client.subscription(room).online == everybody - gone,
                within=GONE_SECONDS - (time.monotonic() - killed_at),
            )
        assert shown_as_left([*watching, *returning]) == gone
        await stage.settle(room, [*watching, *returning])
        await stage.assert_consistent([*watching, *returning], left_early=leaving)


async def kill_in_mid_frame(replica: Replica, clients: list[Client]) -> None:
    """Kill a replica while some of its clients write, and start it again."""
    own = [one for one in clients if one.connected and one.address.endswith(f":{replica.port}")]
    for client in own[::3]:
        client.write_bytes(HALF_A_FRAME)
    replica.kill()
    await asyncio.gather(*(_is_cut_off(client) for client in own))
    await start(replica)


async def _is_cut_off(client: Client) -> None:
    await client.wait_until(lambda: not client.connected)
