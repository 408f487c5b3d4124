"""The channel layer on a Redis that closes connections, is paused, or rejects commands."""

import asyncio
from collections.abc import AsyncIterator, Iterator
from contextlib import suppress
from typing import Any

import pytest
from redis.asyncio import Redis as Client
from redis.exceptions import RedisError, ResponseError

from hubbub import environment
from hubbub.chat.redis_layer import RedisLayer
from loadtests.lib.servers import Redis

RECEIVE_SECONDS = 5


@pytest.fixture(scope="module")
def redis() -> Iterator[Redis]:
    with Redis() as redis:
        yield redis


@pytest.fixture
async def operator(redis: Redis) -> AsyncIterator["Client"]:
    async with Client.from_url(redis.url()) as client:
        yield client


@pytest.fixture
async def layer(redis: Redis) -> AsyncIterator[RedisLayer]:
    layer = RedisLayer(environment.layer_hosts([redis.url()]))
    yield layer
    await layer.flush()


async def joined(layer: RedisLayer, *groups: str) -> str:
    channel: str = await layer.new_channel()
    for group in groups:
        await layer.group_add(group, channel)
    return channel


async def send(layer: RedisLayer, *numbers: int, group: str = "room") -> None:
    await layer.group_send_many([(group, {"number": number}) for number in numbers])


async def received(layer: RedisLayer, channel: str, count: int) -> list[Any]:
    async with asyncio.timeout(RECEIVE_SECONDS):
        return [(await layer.receive(channel))["number"] for _ in range(count)]


async def test_messages_of_a_batch_arrive_in_order(layer: RedisLayer) -> None:
    channel = await joined(layer, "room")
    await send(layer, *range(250))
    assert await received(layer, channel, 250) == list(range(250))


async def test_a_publish_works_after_its_connection_was_closed(
    layer: RedisLayer, operator: Client
) -> None:
    channel = await joined(layer, "room")
    await send(layer, 1)
    await operator.client_kill_filter(_type="normal", skipme=True)
    await send(layer, 2)
    assert await received(layer, channel, 2) == [1, 2]


async def test_a_listener_resubscribes_after_its_connection_was_closed(
    layer: RedisLayer, operator: Client
) -> None:
    channel = await joined(layer, "room", "another")
    await operator.client_kill_filter(_type="pubsub")
    await until_subscribed(operator, 2)
    await send(layer, 1)
    await send(layer, 2, group="another")
    assert await received(layer, channel, 2) == [1, 2]


async def test_groups_can_be_joined_while_the_connection_is_reopened(
    layer: RedisLayer, operator: Client
) -> None:
    channel = await joined(layer, "room")
    all_received = asyncio.create_task(received(layer, channel, 20))
    for number in range(20):
        await operator.client_kill_filter(_type="pubsub")
        await join_group(layer, f"room {number}", channel)
    await until_subscribed(operator, 21)
    for number in range(20):
        await send(layer, number, group=f"room {number}")
    assert await all_received == list(range(20))


async def test_leaving_a_group_works_once_redis_is_back(layer: RedisLayer, redis: Redis) -> None:
    channel = await joined(layer, "room", "another")
    await asyncio.to_thread(redis.stop)
    with suppress(RedisError):  # the first writes may still fit into the kernel's buffer
        for number in range(100):
            await layer.group_add(f"probe {number}", channel)
            await asyncio.sleep(0.02)
    with pytest.raises(RedisError):
        await layer.group_discard("room", channel)
    redis.spawn()
    await asyncio.to_thread(redis.wait_until_ready)
    async with Client.from_url(redis.url()) as operator:
        await until_subscribed(operator, 2)  # the layer has subscribed to all its groups again
        await layer.group_discard("room", channel)
        async with asyncio.timeout(RECEIVE_SECONDS):
            while await operator.pubsub_channels("asgi__group__room"):  # noqa: ASYNC110
                await asyncio.sleep(0.02)
    await send(layer, 1, group="another")
    assert await received(layer, channel, 1) == [1]


async def test_a_late_answer_to_a_cancelled_publish_is_not_matched_to_another(
    layer: RedisLayer, redis: Redis
) -> None:
    channel = await joined(layer, "room")
    await send(layer, 1)
    with redis.paused(), pytest.raises(TimeoutError):
        async with asyncio.timeout(0.1):
            await send(layer, 2)
    await send(layer, 3)
    assert set(await received(layer, channel, 2)) >= {1}
    await send(layer, *range(10, 20))
    async with asyncio.timeout(RECEIVE_SECONDS):
        while (await layer.receive(channel))["number"] != 19:
            pass


async def test_of_a_batch_only_rejected_messages_are_lost(
    layer: RedisLayer, operator: Client, redis: Redis
) -> None:
    channel = await joined(layer, "room")
    await allow_channels(operator, "asgi__group__room", "asgispecific*")
    before = len(await operator.client_list())
    rejected = ("secret", {"number": 2})
    with pytest.raises(ResponseError):
        await layer.group_send_many([rejected, ("room", {"number": 1}), rejected])
    assert await received(layer, channel, 1) == [1]
    await send(layer, 3)
    assert await received(layer, channel, 1) == [3]
    # There is one more connection: the one for publishing, which is kept open.
    assert len(await operator.client_list()) == before + 1
    await allow_channels(operator, "*")


def test_a_unix_socket_gets_no_keepalive() -> None:
    here, there = environment.layer_hosts(["unix:///run/redis.sock", "redis://localhost"])
    assert "socket_keepalive" not in here
    assert there["socket_keepalive"]


async def until_subscribed(operator: Client, groups: int) -> None:
    async with asyncio.timeout(RECEIVE_SECONDS):
        while len(await operator.pubsub_channels("asgi__group__*")) < groups:  # noqa: ASYNC110
            await asyncio.sleep(0.02)


async def allow_channels(operator: Client, *channels: str) -> None:
    allowed = [f"&{channel}" for channel in channels]
    command: Any = operator.execute_command  # redis-py has no type for it
    await command("ACL", "SETUSER", "default", "resetchannels", *allowed)


async def join_group(layer: RedisLayer, group: str, channel: str) -> None:
    """Join the group as a replica does: retry until it works."""
    while True:
        with suppress(RedisError):
            await layer.group_add(group, channel)
            return
