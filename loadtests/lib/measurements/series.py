"""What a load measured in each second. A run writes it to `series.json`; reports read it. Pure.

Each process hands over each of its seconds once, when the second has ended. `merge` adds up what
several processes measured in the same second. Times are epoch seconds of the process's own machine.
"""

import json
from collections import Counter
from dataclasses import asdict, astuple, dataclass, field, fields
from pathlib import Path
from typing import Any, Self

from loadtests.lib.measurements.histogram import Histogram

VERSION = 2  # version 1 had other names for the order errors
# The kinds of durations. `HTTP` is all requests taken together, `COMMAND` is all commands except
# sends. Locust's own report shows each request and each command by name.
KINDS = ("CONNECT", "SEND", "DELIVER", "RESUME", "HTTP", "COMMAND")
CONNECT, SEND, DELIVER, RESUME, HTTP, COMMAND = KINDS
# What can be wrong with the order of events on a connection. Any of these makes the run fail.
ORDER_ERRORS = ("gaps", "duplicates", "reordered")
GAP, DUPLICATE, REORDERED = ORDER_ERRORS
# For each of these rules of the checker: the order error that its violation counts as. A violation
# of any other rule counts as `REORDERED`.
ORDER_ERROR_OF_RULE = {"event-once": DUPLICATE, "event-skipped": GAP, "replay-complete": GAP}
# The fields of a `Second` that have a count for each name.
COUNTERS = ("connections", "failures", "order_errors")


class UnknownVersionError(Exception):
    """A series was written by another version of the load tests."""


@dataclass(slots=True)
class GeneratorUsage:
    """One process of the load: how much of a core it used, and its worst event-loop lag."""

    cpu_percent: float
    lag_ms: float


@dataclass(slots=True)
class Second:
    """One second of a run.

    `users` and `connections` are the state at the end of the second. Everything else happened
    during the second.
    """

    at: int
    users: int = 0
    # The open connections of each replica.
    connections: Counter[str] = field(default_factory=Counter)
    latencies: dict[str, Histogram] = field(default_factory=dict)  # the durations of each kind
    # For each of `KINDS`: how often there was no answer or a wrong one.
    failures: Counter[str] = field(default_factory=Counter)
    order_errors: Counter[str] = field(default_factory=Counter)  # the number of each kind of error
    checked: int = 0  # history entries that were checked for their order
    # Messages that were late because users were away by choice; they are not counted in `DELIVER`.
    caught_up: int = 0
    lost: int = 0  # connections that ended without the user's doing
    generators: dict[str, GeneratorUsage] = field(default_factory=dict)  # the usage of each process

    def latency(self, kind: str) -> Histogram:
        """Return the histogram of a kind; create it if there is none."""
        return self.latencies.setdefault(kind, Histogram())

    def merge(self, other: "Second") -> None:
        self.users += other.users
        self.checked += other.checked
        self.caught_up += other.caught_up
        self.lost += other.lost
        for name in COUNTERS:
            getattr(self, name).update(getattr(other, name))
        for kind, histogram in other.latencies.items():
            self.latency(kind).merge(histogram)
        self.generators.update(other.generators)

    def to_json(self) -> dict[str, Any]:
        data = {one.name: getattr(self, one.name) for one in fields(self)}
        latencies = {kind: one.to_json() for kind, one in self.latencies.items()}
        generators = {name: asdict(one) for name, one in self.generators.items()}
        return data | {"latencies": latencies, "generators": generators}

    @classmethod
    def from_json(cls, data: dict[str, Any]) -> Self:
        decoded: dict[str, Any] = {name: Counter(data[name]) for name in COUNTERS}
        decoded["latencies"] = {
            kind: Histogram.from_json(one) for kind, one in data["latencies"].items()
        }
        decoded["generators"] = {
            name: GeneratorUsage(**one) for name, one in data["generators"].items()
        }
        return cls(**data | decoded)


@dataclass(frozen=True, slots=True)
class Annotation:
    """Something that the run did on purpose, such as "all connections drop". Charts show it."""

    at: float
    text: str
    failed: bool = False


@dataclass(slots=True)
class Series:
    """A run: its facts (shape, users, rate, host …), its seconds and its annotations."""

    facts: dict[str, Any] = field(default_factory=dict)
    seconds: dict[int, Second] = field(default_factory=dict)
    annotations: list[Annotation] = field(default_factory=list)

    def add(self, second: Second) -> None:
        known = self.seconds.setdefault(second.at, Second(second.at))
        known.merge(second)
        for histogram in known.latencies.values():
            histogram.pack()

    def in_order(self) -> list[Second]:
        return [self.seconds[at] for at in sorted(self.seconds)]

    def total(self) -> Second:
        """Return all seconds added up as one, without `users`, `connections` and `generators`.

        These three are states, so their sums mean nothing.
        """
        total = Second(min(self.seconds, default=0))
        for second in self.seconds.values():
            total.merge(second)
        total.users, total.connections, total.generators = 0, Counter(), {}
        return total

    def to_json(self) -> dict[str, Any]:
        return {
            "version": VERSION,
            "facts": self.facts,
            "annotations": [astuple(one) for one in self.annotations],
            "seconds": [second.to_json() for second in self.in_order()],
        }

    @classmethod
    def from_json(cls, data: dict[str, Any]) -> Self:
        """Return the series that `to_json` encoded. Raises UnknownVersionError."""
        if (version := data.get("version")) != VERSION:
            raise UnknownVersionError(
                f"The series has version {version}, but only version {VERSION} can be read: "
                "repeat the run."
            )
        series = cls(data["facts"], annotations=[Annotation(*one) for one in data["annotations"]])
        for one in data["seconds"]:
            series.add(Second.from_json(one))
        return series

    def write(self, path: Path) -> None:
        path.write_text(json.dumps(self.to_json()))

    @classmethod
    def read(cls, path: Path) -> Self:
        return cls.from_json(json.loads(path.read_text()))
