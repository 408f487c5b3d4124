"""Without Redis, the chat continues a bit more slowly, and nothing is lost or duplicated."""

import pytest

from loadtests.lib.client import Client
from loadtests.lib.client.history import Connected
from tests.cluster.stage import Away, Stage, bodies, elapse, opened, paused, sending, stopped

pytestmark = pytest.mark.deployment

AWAY_SECONDS = 10
ARRIVE_SECONDS = 6


@pytest.mark.parametrize("away", [stopped, paused])
async def test_ten_seconds_without_redis(stage: Stage, away: Away) -> None:
    users = stage.users(9)
    room = stage.room(users)
    clients = [stage.client(user, number % 2) for number, user in enumerate(users)]
    early, late = clients[:6], clients[6:]
    assert stage.cluster.redis
    before = outages_logged(stage)
    async with opened(early, room):
        async with sending(early, [room], pause_seconds=0.2):
            async with away(stage.cluster.redis):
                await send_and_wait(early, room, "while Redis is away")
                async with opened(late, room):
                    await send_and_wait([*late, *early], room, "from a new client")
                await elapse(AWAY_SECONDS)
            await send_and_wait(early, room, "after Redis is back")
        await stage.settle(room, early, within=ARRIVE_SECONDS)
        assert all(len(opens) == 1 for opens in map(connections, early)), "a connection was lost"
        await stage.assert_consistent(early, left_early=late)
    # The error is logged once per outage, and not once per message. It can be logged again when old
    # connections fail.
    for old, new in zip(before, outages_logged(stage), strict=True):
        assert 1 <= new - old <= 4


def outages_logged(stage: Stage) -> list[int]:
    logs = [replica.log.read_text() for replica in stage.cluster.replicas]
    return [log.count("Can't publish to Redis") for log in logs]


async def send_and_wait(clients: list[Client], room: int, text: str) -> None:
    nonce = f"{text}, {room}"
    answer = await clients[0].command(
        "message.send", retry=False, room=room, nonce=nonce, body=text
    )
    assert answer["type"] == "ok", answer
    for client in clients:
        await client.wait_until(lambda: text in bodies(client, room), within=ARRIVE_SECONDS)


def connections(client: Client) -> set[str]:
    return {one.connection for one in client.history.entries if isinstance(one, Connected)}
