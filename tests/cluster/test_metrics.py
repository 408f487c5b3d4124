"""The metrics that Prometheus reads from replicas at /metrics match what happened."""

import asyncio
import json
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
from tests.support.probes import scrape_metrics, scrape_until
from tests.support.raw_socket import open_socket
from tests.support.replica_process import ReplicaProcess

pytestmark = pytest.mark.deployment

FORGOTTEN_SECONDS = 15
LOOP_STALL = "hubbub_loop_stall_seconds"


async def test_connections_and_local_rooms_are_counted_on_their_replica(stage: Stage) -> None:
    users = stage.users(3)
    room = stage.room(users)
    first, second = stage.cluster.replicas
    before = [scrape_metrics(replica.port) for replica in (first, second)]

    def more(replica: int, name: str) -> Callable[[Scrape], float]:
        return lambda shown: shown.value(name) - before[replica].value(name)

    clients = [stage.client(user, number % 2) for number, user in enumerate(users)]
    async with opened(clients, room):
        await scrape_until(first, lambda shown: more(0, "hubbub_connections")(shown) == 2)
        await scrape_until(second, lambda shown: more(1, "hubbub_connections")(shown) == 1)
        assert more(0, "hubbub_local_rooms")(scrape_metrics(first.port)) == 1
    shown = await scrape_until(first, lambda shown: more(0, "hubbub_connections")(shown) == 0)
    assert more(0, "hubbub_connections_closed_total")(shown) == 2


async def test_a_rejected_connection_is_counted_by_its_close_code(stage: Stage) -> None:
    replica = stage.cluster.replicas[0]
    stranger = Client("nobody", "Cookie: sessionid=nobody", [stage.address(0)])
    before = scrape_metrics(replica.port).value("hubbub_connections_closed_total", code="4501")
    async with stranger:
        await scrape_until(
            replica,
            lambda shown: shown.value("hubbub_connections_closed_total", code="4501") > before,
        )


async def test_an_event_is_counted_for_each_connection_and_timed_once(stage: Stage) -> None:
    users = stage.users(5)
    room = stage.room(users)
    first, second = stage.cluster.replicas
    clients = [stage.client(user, number % 2) for number, user in enumerate(users)]
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


async def test_a_resume_is_counted_by_its_source(stage: Stage) -> None:
    users = stage.users(3)
    room = stage.room(users)
    first, second = stage.cluster.replicas

    def resumed(source: str) -> Callable[[Scrape], float]:
        return lambda shown: shown.value("hubbub_resumes_total", source=source)

    async with stage.client(users[0], 0) as alice:
        await open_all([alice], room)
        await alice.send(room, "before anyone else joined")
        before = [scrape_metrics(replica.port) for replica in (first, second)]
        # The other replica has no entries of the room in its replay buffer yet.
        async with stage.client(users[1], 1) as bob:
            await open_all([bob], room)
            await scrape_until(
                second, lambda shown: resumed("log")(shown) > resumed("log")(before[1])
            )
            await bob.drop_connection()
            await scrape_until(
                second, lambda shown: resumed("buffer")(shown) > resumed("buffer")(before[1])
            )
            await bob.write(json.dumps({"type": "subscribe", "rooms": {str(room): 1_000_000}}))
            await scrape_until(
                second, lambda shown: resumed("refused")(shown) > resumed("refused")(before[1])
            )


@pytest.mark.our_server
async def test_heartbeat_delays_are_shown_for_every_live_replica(stage: Stage) -> None:
    first, second = stage.cluster.replicas

    def origins(shown: Scrape) -> set[str]:
        return shown.labels("hubbub_bus_heartbeat_delay_seconds_count", "origin")

    both = await scrape_until(first, lambda shown: len(origins(shown)) == 2)
    assert both.labels("hubbub_bus_heartbeat_delay_seconds_count", "destination") < origins(both)
    assert both.value("hubbub_bus_heartbeat_delay_seconds_sum") < both.value(
        "hubbub_bus_heartbeat_delay_seconds_count"
    )
    second.kill()
    await scrape_until(first, lambda shown: len(origins(shown)) == 1, FORGOTTEN_SECONDS)
    await start(second)
    await scrape_until(first, lambda shown: len(origins(shown)) == 2)


def test_the_delays_of_a_replica_that_restarts_under_its_old_name_are_kept() -> None:
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


async def test_without_redis_a_replica_shows_that_its_bus_is_lost_and_for_how_long(
    stage: Stage,
) -> None:
    users = stage.users(2)
    room = stage.room(users)
    replica = stage.cluster.replicas[1]
    clients = [stage.client(user, number) for number, user in enumerate(users)]
    assert stage.cluster.redis is not None
    async with opened(clients, room):
        before = await scrape_until(
            replica, lambda shown: shown.value("hubbub_bus_lost", host="0") == 0
        )
        await stop(stage.cluster.redis)
        await scrape_until(replica, lambda shown: shown.value("hubbub_bus_lost", host="0") == 1)
        await clients[0].send(room, "sent without Redis")
        await clients[1].wait_until(lambda: bodies(clients[1], room))
        lost = await scrape_until(
            replica, lambda shown: rise(before, shown, "hubbub_bus_lost_seconds_total") >= 2
        )
        assert rise(before, lost, "hubbub_publishes_dropped_total") > 0
        assert rise(before, lost, "hubbub_gaps_repaired_total", cause="bus_lost") >= 1
        # The measured delay includes the time until the log was read.
        assert rise(before, lost, "hubbub_fan_out_seconds_count") >= 1
        await start(stage.cluster.redis)
        await scrape_until(replica, lambda shown: shown.value("hubbub_bus_lost", host="0") == 0)


async def test_a_busy_event_loop_shows_as_loop_lag(stage: Stage) -> None:
    replica = stage.cluster.replicas[0]
    before = scrape_metrics(replica.port)
    psutil.Process(replica.pid).suspend()
    await elapse(1)
    psutil.Process(replica.pid).resume()
    await scrape_until(
        replica, lambda shown: rise(before, shown, "hubbub_loop_lag_seconds_sum") > 0.8
    )


@pytest.mark.our_server
async def test_the_longest_loop_stall_is_shown(stage: Stage) -> None:
    replica = stage.cluster.replicas[0]
    psutil.Process(replica.pid).suspend()
    await elapse(1)
    psutil.Process(replica.pid).resume()
    shown = await scrape_until(replica, lambda shown: shown.value(LOOP_STALL, last="60") > 0.8)
    assert shown.value(LOOP_STALL, last="10") > 0.8


@pytest.mark.our_server
async def test_a_drain_is_shown_over_a_connection_that_is_kept_open(
    stage: Stage, draining_slowly: Replica
) -> None:
    process = ReplicaProcess(draining_slowly)
    async with open_socket(stage.user("alice"), draining_slowly):
        with closing(HTTPConnection(HOST, draining_slowly.port, timeout=20)) as kept:
            assert scrape_over(kept).value("hubbub_draining") == 0
            process.signal()
            await process.until_connections_are_refused()
            shown = await asyncio.to_thread(scrape_over, kept)
            assert shown.value("hubbub_draining") == 1
            assert shown.value("hubbub_drains_total") == 1
            assert shown.value("hubbub_ready") == 0
    assert await process.exit_status() == 0


def scrape_over(connection: HTTPConnection) -> Scrape:
    connection.request("GET", "/metrics")
    return Scrape(connection.getresponse().read().decode())


def rise(before: Scrape, after: Scrape, name: str, **labels: str) -> float:
    return after.value(name, **labels) - before.value(name, **labels)
