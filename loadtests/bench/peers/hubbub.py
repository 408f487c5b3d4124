"""Hubbub, whole: signed-in people, memberships, limits, durable sends, Redis between replicas."""

import json
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager

from loadtests.bench.load import Dialect, Seat
from loadtests.bench.peers.peer import Peer
from loadtests.bench.rooms import make_rooms
from loadtests.bench.servers import Servers
from loadtests.servers import Replica
from loadtests.servers.process import HOST


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
        return make_rooms(self.servers.place, count, members_each)

    def seat(self, number: int, address: str, rooms: Sequence[str]) -> Seat:
        return self.returning_seat(number, address, dict.fromkeys(rooms))

    def returning_seat(self, number: int, address: str, rooms: dict[str, int | None]) -> Seat:
        """Return the seat of a person of the crowd who knows each room up to a seq."""
        header, _, value = self.servers.identities[number].partition(": ")
        headers = {
            "Origin": f"http://{address}",
            "Sec-WebSocket-Protocol": "hubbub.v1",
            header: value,
        }
        subscribe = json.dumps({"type": "subscribe", "rooms": rooms})
        return Seat(address, "/ws/", list(rooms), headers, subscribe)


@contextmanager
def start(servers: Servers, replicas: int) -> Iterator[Hubbub]:
    assert servers.identities, "the crowd is seeded before the replicas start"
    with ExitStack() as stack:
        running = [stack.enter_context(Replica(servers.place.environment)) for _ in range(replicas)]
        yield Hubbub(servers, running)
