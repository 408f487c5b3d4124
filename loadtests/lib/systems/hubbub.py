"""Hubbub as a system under test, with nothing left out: signed-in users, memberships, rate limits,
durable sends, Redis between replicas."""

import json
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager

from loadtests.lib.client import rest
from loadtests.lib.load_client import ConnectionPlan, Dialect
from loadtests.lib.monitoring import prometheus
from loadtests.lib.servers import Replica
from loadtests.lib.systems.backends import Backends
from loadtests.lib.systems.bulk_rooms import make_rooms
from loadtests.lib.systems.system import System


class Hubbub(System):
    dialect = Dialect(
        send='{"type":"message.send","room":$R,"nonce":"$I-$N","body":"bench $N .","ref":$N}',
        delivery='{"type":"message.created"',
        ack='{"type":"ok"',
        subscribed='{"type":"subscribed"',
        problem='{"type":"problem"',
        sequence_key='"seq":',
    )

    def __init__(self, backends: Backends, replicas: Sequence[Replica]) -> None:
        self.backends, self.replicas = backends, replicas
        super().__init__("hubbub", replicas, redis=backends.redis, postgres=backends.postgres)

    def make_rooms(self, count: int, members_each: int) -> list[str]:
        return make_rooms(self.backends.cluster, count, members_each)

    def connection(self, number: int, address: str, rooms: Sequence[str]) -> ConnectionPlan:
        return self.resuming_connection(number, address, dict.fromkeys(rooms))

    def resuming_connection(
        self, number: int, address: str, rooms: dict[str, int | None]
    ) -> ConnectionPlan:
        """Plan the connection of a user who has received each room's events up to a seq."""
        headers = {
            "Origin": f"http://{address}",
            "Sec-WebSocket-Protocol": "hubbub.v1",
            **rest.headers_of(self.backends.sessions[number]),
        }
        subscribe = json.dumps({"type": "subscribe", "rooms": rooms})
        return ConnectionPlan(address, "/ws/", list(rooms), headers, subscribe)

    def longest_loop_stall_ms(self) -> float | None:
        return max(1e3 * loop_stall_seconds(replica) for replica in self.replicas)


def loop_stall_seconds(replica: Replica) -> float:
    """Return the longest stall of the last ten seconds, from the replica's metrics."""
    metrics = prometheus.fetch(f"{replica.http_url}/metrics", timeout=10)
    [stall] = [
        one.value
        for one in metrics.samples
        if one.name == "hubbub_loop_stall_seconds" and one.labels["last"] == "10"
    ]
    return float(stall)


@contextmanager
def start(backends: Backends, replicas: int) -> Iterator[Hubbub]:
    assert backends.sessions, "the users are made before the replicas start"
    with ExitStack() as stack:
        environment = backends.cluster.environment
        running = [stack.enter_context(Replica(environment)) for _ in range(replicas)]
        yield Hubbub(backends, running)
