"""What replicas count and time is what happened: seen at /metrics, as Prometheus sees it."""

import asyncio
import json
import signal
import time
from collections.abc import Callable
from contextlib import closing
from http.client import HTTPConnection

import psutil
import pytest

from hubbub.observability import metrics
from hubbub.realtime.telemetry.latency import HeartbeatDelays
from loadtests.lib.client import Client
from loadtests.lib.monitoring.prometheus import Scrape
from loadtests.lib.servers import Replica
from loadtests.lib.servers.process import HOST
from tests.cluster.stage import Stage, bodies, elapse, open_all, opened, start, stop
from tests.support.probes import scrape_metrics

pytestmark = pytest.mark.deployment

GONE_SECONDS = 15
HELD = "hubbub_loop_stall_seconds"


async def until(
    replica: Replica, condition: Callable[[Scrape], object], within: float = 10
) -> Scrape:
    """Scrape until the condition holds; return what was shown then."""
    for _ in range(int(within / 0.1)):
        shown = await asyncio.to_thread(scrape_metrics, replica.port)
        if condition(shown):
            return shown
        await elapse(0.1)
    raise AssertionError([one for one in shown.samples if not one.name.endswith("_bucket")])


async def test_sockets_and_rooms_are_counted_where_they_are_open(stage: Stage) -> None:
    people = stage.users(3)
    room = stage.room(people)
    first, second = stage.cluster.replicas
    before = [scrape_metrics(replica.port) for replica in (first, second)]

    def more(replica: int, name: str) -> Callable[[Scrape], float]:
        return lambda shown: shown.value(name) - before[replica].value(name)

    clients = [stage.client(person, number % 2) for number, person in enumerate(people)]
    async with opened(clients, room):
        await until(first, lambda shown: more(0, "hubbub_connections")(shown) == 2)
        await until(second, lambda shown: more(1, "hubbub_connections")(shown) == 1)
        assert more(0, "hubbub_local_rooms")(scrape_metrics(first.port)) == 1
    shown = await until(first, lambda shown: more(0, "hubbub_connections")(shown) == 0)
    assert more(0, "hubbub_connections_closed_total")(shown) == 2


async def test_a_socket_that_is_refused_is_counted_by_its_code(stage: Stage) -> None:
    replica = stage.cluster.replicas[0]
    stranger = Client("nobody", "Cookie: sessionid=nobody", [stage.address(0)])
    before = scrape_metrics(replica.port).value("hubbub_connections_closed_total", code="4501")
    async with stranger:
        await until(
            replica,
            lambda shown: shown.value("hubbub_connections_closed_total", code="4501") > before,
        )


async def test_an_event_is_delivered_to_each_socket_and_timed_once(stage: Stage) -> None:
    people = stage.users(5)
    room = stage.room(people)
    first, second = stage.cluster.replicas
    clients = [stage.client(person, number % 2) for number, person in enumerate(people)]
    async with opened(clients, room):
        before = [scrape_metrics(replica.port) for replica in (first, second)]
        for number in range(4):
            await clients[0].send(room, f"number {number}")
        await stage.settle(room, clients)
        for replica, sockets, old in zip((first, second), (3, 2), before, strict=True):
            shown = scrape_metrics(replica.port)
            assert rise(old, shown, "hubbub_deliveries_total") == 4 * sockets
            assert rise(old, shown, "hubbub_fan_out_seconds_count") == 4
            assert 0 < rise(old, shown, "hubbub_fan_out_seconds_sum") < 4
        sent = scrape_metrics(first.port)
        assert rise(before[0], sent, "hubbub_send_batch_messages_sum") == 4
        assert 1 <= rise(before[0], sent, "hubbub_send_batch_messages_count") <= 4
        assert rise(before[0], sent, "hubbub_send_batch_seconds_sum") > 0


async def test_a_resume_is_counted_by_where_it_came_from(stage: Stage) -> None:
    people = stage.users(3)
    room = stage.room(people)
    first, second = stage.cluster.replicas

    def resumed(source: str) -> Callable[[Scrape], float]:
        return lambda shown: shown.value("hubbub_resumes_total", source=source)

    async with stage.client(people[0], 0) as alice:
        await open_all([alice], room)
        await alice.send(room, "before anybody else came")
        before = [scrape_metrics(replica.port) for replica in (first, second)]
        # The other replica has nothing of the room in memory yet.
        async with stage.client(people[1], 1) as bob:
            await open_all([bob], room)
            await until(second, lambda shown: resumed("log")(shown) > resumed("log")(before[1]))
            await bob.drop_connection()
            await until(
                second, lambda shown: resumed("buffer")(shown) > resumed("buffer")(before[1])
            )
            await bob.write(json.dumps({"type": "subscribe", "rooms": {str(room): 1_000_000}}))
            await until(
                second, lambda shown: resumed("refused")(shown) > resumed("refused")(before[1])
            )


@pytest.mark.our_server
async def test_heartbeats_are_timed_from_every_replica_that_lives(stage: Stage) -> None:
    first, second = stage.cluster.replicas

    def origins(shown: Scrape) -> set[str]:
        return shown.labels("hubbub_bus_heartbeat_delay_seconds_count", "origin")

    both = await until(first, lambda shown: len(origins(shown)) == 2)
    assert both.labels("hubbub_bus_heartbeat_delay_seconds_count", "destination") < origins(both)
    assert both.value("hubbub_bus_heartbeat_delay_seconds_sum") < both.value(
        "hubbub_bus_heartbeat_delay_seconds_count"
    )
    second.kill()
    await until(first, lambda shown: len(origins(shown)) == 1, GONE_SECONDS)
    await start(second)
    await until(first, lambda shown: len(origins(shown)) == 2)


def test_the_times_of_a_replica_that_was_started_again_in_place_are_kept() -> None:
    def origins() -> set[str]:
        [family] = metrics.heartbeat_delay.collect()
        return {sample.labels["origin"] for sample in family.samples} & {"container:1"}

    delays = HeartbeatDelays()
    for start_id in ("the first start", "the second start"):
        delays.record(start_id, "container:1", time.time())
    delays.forget("the first start")
    assert origins() == {"container:1"}
    delays.forget("the second start")
    assert origins() == set()


async def test_without_redis_a_replica_says_that_it_is_deaf_and_for_how_long(stage: Stage) -> None:
    people = stage.users(2)
    room = stage.room(people)
    replica = stage.cluster.replicas[1]
    clients = [stage.client(person, number) for number, person in enumerate(people)]
    assert stage.cluster.redis is not None
    async with opened(clients, room):
        before = await until(replica, lambda shown: shown.value("hubbub_bus_lost", host="0") == 0)
        await stop(stage.cluster.redis)
        await until(replica, lambda shown: shown.value("hubbub_bus_lost", host="0") == 1)
        await clients[0].send(room, "can you read me?")
        await clients[1].wait_until(lambda: bodies(clients[1], room))
        deaf = await until(
            replica, lambda shown: rise(before, shown, "hubbub_bus_lost_seconds_total") >= 2
        )
        assert rise(before, deaf, "hubbub_publishes_dropped_total") > 0
        assert rise(before, deaf, "hubbub_gaps_repaired_total", cause="bus_lost") >= 1
        # Late by the log's reading, which is part of the time that it took.
        assert rise(before, deaf, "hubbub_fan_out_seconds_count") >= 1
        await start(stage.cluster.redis)
        await until(replica, lambda shown: shown.value("hubbub_bus_lost", host="0") == 0)


async def test_a_busy_event_loop_would_be_seen(stage: Stage) -> None:
    replica = stage.cluster.replicas[0]
    before = scrape_metrics(replica.port)
    psutil.Process(replica.pid).suspend()
    await elapse(1)
    psutil.Process(replica.pid).resume()
    await until(replica, lambda shown: rise(before, shown, "hubbub_loop_lag_seconds_sum") > 0.8)


@pytest.mark.our_server
async def test_how_long_the_event_loop_was_held_is_told(stage: Stage) -> None:
    replica = stage.cluster.replicas[0]
    psutil.Process(replica.pid).suspend()
    await elapse(1)
    psutil.Process(replica.pid).resume()
    shown = await until(replica, lambda shown: shown.value(HELD, last="60") > 0.8)
    assert shown.value(HELD, last="10") > 0.8


@pytest.mark.our_server
async def test_a_drain_is_told_to_whoever_keeps_a_connection(stage: Stage) -> None:
    replica = stage.cluster.replicas[0]
    async with stage.client(stage.user("alice"), 0):
        with closing(HTTPConnection(HOST, replica.port, timeout=10)) as kept:
            assert shown_by(kept).value("hubbub_draining") == 0
            psutil.Process(replica.pid).send_signal(signal.SIGTERM)
            await until_refused(replica)
            shown = await asyncio.to_thread(shown_by, kept)
            assert shown.value("hubbub_draining") == 1
            assert shown.value("hubbub_drains_total") == 1
            assert shown.value("hubbub_ready") == 0
    await asyncio.to_thread(psutil.Process(replica.pid).wait, 30)


async def until_refused(replica: Replica) -> None:
    for _ in range(500):
        try:
            _, writer = await asyncio.open_connection(HOST, replica.port)
        except OSError:
            return
        writer.close()
        await elapse(0.02)


def shown_by(connection: HTTPConnection) -> Scrape:
    connection.request("GET", "/metrics")
    return Scrape(connection.getresponse().read().decode())


def rise(before: Scrape, after: Scrape, name: str, **labels: str) -> float:
    return after.value(name, **labels) - before.value(name, **labels)
