"""When a replica is killed, no message is lost, and users who reconnect never leave."""

import asyncio
import time

import pytest

from loadtests.lib.client import Client
from loadtests.lib.servers import Replica
from tests.cluster.stage import Stage, elapse, opened, sending, start
from tests.support.observations import longest_time_away, shown_as_left

pytestmark = pytest.mark.deployment

# The header of a masked text frame of 100 bytes, with only the start of its payload.
HALF_A_FRAME = b"\x81\xe4\x00\x00\x00\x00" + b'{"type":"message.send"'
LEFT_SECONDS = 10


async def test_replicas_are_killed_three_times_while_twenty_clients_send(stage: Stage) -> None:
    users = stage.users(20)
    room = stage.room(users)
    clients = [stage.client(user) for user in users]
    async with opened(clients, room):
        async with sending(clients, [room]):
            for round in range(3):
                await elapse(1)
                await kill_in_mid_frame(stage.cluster.replicas[round % 2], clients)
                for client in clients:
                    await client.wait_until(lambda: client.connected)
        await stage.settle(room, clients)
        assert shown_as_left(clients) == set(), f"away for {longest_time_away(clients):.1f} s"
    await stage.assert_consistent(clients)


async def test_users_who_do_not_reconnect_leave_and_users_who_do_never_leave(
    stage: Stage,
) -> None:
    users = stage.users(6)
    room = stage.room(users)
    replica = stage.cluster.replicas[0]
    watching = [stage.client(user, 1) for user in users[:2]]
    returning = [stage.client(user, 0) for user in users[2:4]]
    leaving = [stage.client(user, 0) for user in users[4:]]
    async with opened([*watching, *returning, *leaving], room):
        for client in returning:
            client.addresses = [stage.address(1)]
        all_ids = {user.id for user in users}
        for client in watching:
            await client.wait_until(lambda: client.subscription(room).online == all_ids)
        killed_at = time.monotonic()
        replica.kill()
        for client in leaving:
            await client.close()
        gone = {user.id for user in users[4:]}
        for client in (*watching, *returning):
            await client.wait_until(
                lambda: client.connected and client.subscription(room).online == all_ids - gone,
                within=LEFT_SECONDS - (time.monotonic() - killed_at),
            )
        assert shown_as_left([*watching, *returning]) == gone
        await stage.settle(room, [*watching, *returning])
        await stage.assert_consistent([*watching, *returning], left_early=leaving)


async def kill_in_mid_frame(replica: Replica, clients: list[Client]) -> None:
    """Kill a replica while some of its clients are sending a frame, and start it again."""
    own = [one for one in clients if one.connected and one.address.endswith(f":{replica.port}")]
    for client in own[::3]:
        client.write_bytes(HALF_A_FRAME)
    replica.kill()
    await asyncio.gather(*(_wait_until_disconnected(client) for client in own))
    await start(replica)


async def _wait_until_disconnected(client: Client) -> None:
    await client.wait_until(lambda: not client.connected)
