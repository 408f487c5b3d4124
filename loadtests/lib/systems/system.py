"""What a load needs to know about a running server: its addresses, frames and processes."""

from abc import ABC, abstractmethod
from collections.abc import Sequence
from typing import ClassVar

from loadtests.lib.load_client import ConnectionPlan, Dialect
from loadtests.lib.monitoring.process_usage import cpu_seconds
from loadtests.lib.servers.process import Server


class Unavailable(Exception):
    """A system cannot run on this machine. The text says what is missing."""


class System(ABC):
    """Running replicas, and the servers behind them.

    `redis` and `postgres` are set if the system uses them. `processes` are the process ids of each
    kind of process.
    """

    dialect: ClassVar[Dialect]

    def __init__(self, name: str, replicas: Sequence[Server], **backends: Server) -> None:
        self.name = name
        self.addresses = [replica.address for replica in replicas]
        self.processes = {
            "replicas": [replica.pid for replica in replicas],
            **{kind: [server.pid] for kind, server in backends.items()},
        }

    @abstractmethod
    def connection(self, number: int, address: str, rooms: Sequence[str]) -> ConnectionPlan:
        """Plan the connection of the user with this number."""

    def make_rooms(self, count: int, members_each: int) -> list[str]:
        """Return the names of new rooms; user `number` is a member of room
        `number // members_each`."""
        return [f"room{number}" for number in range(count)]

    def connections(self, rooms: Sequence[str], members_each: int) -> list[ConnectionPlan]:
        """Plan a connection for each member.

        The members of a room connect to the replicas in turn, so each replica serves every room.
        """
        return [
            self.connection(number, self.addresses[number % len(self.addresses)], [room])
            for number, room in enumerate(room for room in rooms for _ in range(members_each))
        ]

    def longest_loop_stall_ms(self) -> float | None:
        """Return the longest stall of an event loop in the last ten seconds; None if not known."""
        return None

    def cpu(self) -> dict[str, float]:
        """Return the seconds of CPU time that each kind of process has used so far."""
        return {name: cpu_seconds(pids) for name, pids in self.processes.items()}
