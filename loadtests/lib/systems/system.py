"""What the benchmark knows of a running server: where it is, how it is spoken to, who works."""

import socket
from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence
from typing import ClassVar

from loadtests.lib.load_client.client import Dialect, Seat
from loadtests.lib.monitoring.process_usage import cpu_seconds
from loadtests.lib.servers.process import HOST, Server


class Missing(Exception):
    """A peer cannot run here; the text says what it lacks."""


class Peer(ABC):
    """`parts` names processes by what they are: "replicas", "redis", "postgres"."""

    dialect: ClassVar[Dialect]

    def __init__(
        self, name: str, addresses: Sequence[str], parts: Mapping[str, Sequence[int]]
    ) -> None:
        self.name, self.addresses, self.parts = name, addresses, parts

    @abstractmethod
    def seat(self, number: int, address: str, rooms: Sequence[str]) -> Seat: ...

    def make_rooms(self, count: int, members_each: int) -> list[str]:
        """Return the names of rooms that so many people are in: who sits at `number` is in
        the room `number // members_each`."""
        return [f"room{number}" for number in range(count)]

    def seats(self, rooms: Sequence[str], members_each: int) -> list[Seat]:
        """Return a seat for each member; the replicas take turns, each room is on all of them."""
        return [
            self.seat(number, self.addresses[number % len(self.addresses)], [room])
            for number, room in enumerate(room for room in rooms for _ in range(members_each))
        ]

    def longest_hold_ms(self) -> float | None:
        """Return how long an event loop was held at most in the last ten seconds, if known."""
        return None

    def cpu(self) -> dict[str, float]:
        """Return the seconds of CPU time that each part has used so far."""
        return {part: cpu_seconds(pids) for part, pids in self.parts.items()}


class WebServer(Server, ABC):
    """A peer's process: it answers once its port is open."""

    def answers(self) -> bool:
        with socket.create_connection((HOST, self.port), timeout=1):
            return True

    @property
    def address(self) -> str:
        return f"{HOST}:{self.port}"
