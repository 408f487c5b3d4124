"""Hubbub, whole: signed-in people, memberships, limits, durable sends, Redis between replicas."""

import json
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from urllib.request import urlopen

from prometheus_client.parser import text_string_to_metric_families

from loadtests.lib.client import rest
from loadtests.lib.load_client.client import Dialect, Seat
from loadtests.lib.servers import Replica
from loadtests.lib.servers.process import HOST
from loadtests.lib.systems.backends import Servers
from loadtests.lib.systems.bulk_rooms import make_rooms
from loadtests.lib.systems.system import Peer


class Hubbub(Peer):
    dialect = Dialect(
        send='{"type":"message.send","room":$R,"nonce":"$I-$N","body":"bench $N .","ref":$N}',
        delivery='{"type":"message.created"',
        answer='{"type":"ok"',
        opened='{"type":"subscribed"',
        problem='{"type":"problem"',
        order='"seq":',
    )

    def __init__(self, servers: Servers, replicas: Sequence[Replica]) -> None:
        self.servers, self.replicas = servers, replicas
        parts = {
            "replicas": [replica.pid for replica in replicas],
            "redis": [servers.redis.pid],
            "postgres": [servers.postgres.pid],
        }
        super().__init__("hubbub", [f"{HOST}:{replica.port}" for replica in replicas], parts)

    def make_rooms(self, count: int, members_each: int) -> list[str]:
        return make_rooms(self.servers.cluster, count, members_each)

    def seat(self, number: int, address: str, rooms: Sequence[str]) -> Seat:
        return self.returning_seat(number, address, dict.fromkeys(rooms))

    def returning_seat(self, number: int, address: str, rooms: dict[str, int | None]) -> Seat:
        """Return the seat of a person of the crowd who knows each room up to a seq."""
        headers = {
            "Origin": f"http://{address}",
            "Sec-WebSocket-Protocol": "hubbub.v1",
            **rest.headers_of(self.servers.identities[number]),
        }
        subscribe = json.dumps({"type": "subscribe", "rooms": rooms})
        return Seat(address, "/ws/", list(rooms), headers, subscribe)

    def longest_hold_ms(self) -> float | None:
        return max(1e3 * held_seconds(replica) for replica in self.replicas)


def held_seconds(replica: Replica) -> float:
    """Return what a replica's metrics say of its event loop (`hubbub_loop_stall_seconds`)."""
    with urlopen(f"{replica.http_url}/metrics", timeout=10) as answer:
        families = text_string_to_metric_families(answer.read().decode())
    [held] = [
        sample.value
        for family in families
        for sample in family.samples
        if (sample.name, sample.labels.get("last")) == ("hubbub_loop_stall_seconds", "10")
    ]
    return float(held)


@contextmanager
def start(servers: Servers, replicas: int) -> Iterator[Hubbub]:
    assert servers.identities, "the crowd is seeded before the replicas start"
    with ExitStack() as stack:
        running = [
            stack.enter_context(Replica(servers.cluster.environment)) for _ in range(replicas)
        ]
        yield Hubbub(servers, running)
