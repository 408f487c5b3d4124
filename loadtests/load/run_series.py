"""What a load met in each second: `series.json`, written by the run and read by the report. Pure.

Each process of the load hands over each of its seconds once, when it is over; `merge` adds what
several processes had in the same second. Times are epoch seconds of the process's own machine.
"""

import json
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Self

from loadtests.load.histogram import Histogram

VERSION = 1
# The kinds of durations. HTTP is all requests together, COMMAND all that a socket answers besides
# sends; Locust's own report has both by name.
KINDS = ("CONNECT", "SEND", "DELIVER", "RESUME", "HTTP", "COMMAND")
CONNECT, SEND, DELIVER, RESUME, HTTP, COMMAND = KINDS
# What the order of a socket can have wrong; each is a failure of the run.
FAULTS = ("gap", "double", "order")
GAP, DOUBLE, ORDER = FAULTS
# By the rule of the order; any other is an ORDER.
FAULT_OF_RULE = {"event-once": DOUBLE, "event-skipped": GAP, "replay-complete": GAP}


@dataclass(slots=True)
class Generator:
    """One process of the load: how much of a core it used, and how late its loop was at worst."""

    cpu_percent: float
    lag_ms: float

    def to_json(self) -> dict[str, Any]:
        return {"cpu_percent": self.cpu_percent, "lag_ms": self.lag_ms}


@dataclass(slots=True)
class Second:
    """`users` and `sockets` are as they stood at its end, everything else happened in it."""

    at: int
    users: int = 0
    sockets: dict[str, int] = field(default_factory=dict)  # by replica, of those that are live
    latencies: dict[str, Histogram] = field(default_factory=dict)  # by KINDS
    failures: dict[str, int] = field(default_factory=dict)  # by KINDS: no answer, or a wrong one
    faults: dict[str, int] = field(default_factory=dict)  # by FAULTS
    checked: int = 0  # entries of sockets that were held against the rule of their order
    caught_up: int = 0  # messages that came late to who was away by choice: no DELIVER
    lost: int = 0  # sockets that ended and not because their person wanted it
    generators: dict[str, Generator] = field(default_factory=dict)  # by process

    def latency(self, kind: str) -> Histogram:
        """Return the histogram of a kind, made where there was none."""
        return self.latencies.setdefault(kind, Histogram())

    def fail(self, kind: str) -> None:
        self.failures[kind] = self.failures.get(kind, 0) + 1

    def violation(self, kind: str) -> None:
        self.faults[kind] = self.faults.get(kind, 0) + 1

    def merge(self, other: "Second") -> None:
        self.users += other.users
        self.checked += other.checked
        self.caught_up += other.caught_up
        self.lost += other.lost
        for mine, theirs in (
            (self.sockets, other.sockets),
            (self.failures, other.failures),
            (self.faults, other.faults),
        ):
            for name, count in theirs.items():
                mine[name] = mine.get(name, 0) + count
        for kind, histogram in other.latencies.items():
            self.latency(kind).merge(histogram)
        self.generators.update(other.generators)

    def to_json(self) -> dict[str, Any]:
        return {
            "at": self.at,
            "users": self.users,
            "sockets": self.sockets,
            "latencies": {kind: one.to_json() for kind, one in self.latencies.items()},
            "failures": self.failures,
            "faults": self.faults,
            "checked": self.checked,
            "caught_up": self.caught_up,
            "lost": self.lost,
            "generators": {name: one.to_json() for name, one in self.generators.items()},
        }

    @classmethod
    def from_json(cls, read: dict[str, Any]) -> Self:
        latencies = {kind: Histogram.from_json(one) for kind, one in read["latencies"].items()}
        generators = {name: Generator(**one) for name, one in read["generators"].items()}
        return cls(**{**read, "latencies": latencies, "generators": generators})


@dataclass(frozen=True, slots=True)
class Mark:
    """Something that was done on purpose, for the charts: "everybody drops their socket"."""

    at: float
    text: str
    failed: bool = False  # it was to be done, and was not


@dataclass(slots=True)
class Series:
    """A run: its facts (shape, users, rate, host, …), its seconds, and what was done meanwhile."""

    facts: dict[str, Any] = field(default_factory=dict)
    seconds: dict[int, Second] = field(default_factory=dict)
    marks: list[Mark] = field(default_factory=list)

    def add(self, second: Second) -> None:
        known = self.seconds.setdefault(second.at, Second(second.at))
        known.merge(second)

    def in_order(self) -> list[Second]:
        return [self.seconds[at] for at in sorted(self.seconds)]

    def total(self) -> Second:
        """Return all of it as if it were one second; `users`, `sockets`, `generators` are left out.

        Those are states, and a sum of them says nothing.
        """
        total = Second(min(self.seconds, default=0))
        for second in self.seconds.values():
            total.merge(second)
        total.users, total.sockets, total.generators = 0, {}, {}
        return total

    def to_json(self) -> dict[str, Any]:
        return {
            "version": VERSION,
            "facts": self.facts,
            "marks": [[mark.at, mark.text, mark.failed] for mark in self.marks],
            "seconds": [second.to_json() for second in self.in_order()],
        }

    @classmethod
    def from_json(cls, read: dict[str, Any]) -> Self:
        series = cls(read["facts"], marks=[Mark(*mark) for mark in read["marks"]])
        for one in read["seconds"]:
            series.add(Second.from_json(one))
        return series

    def write(self, path: Path) -> None:
        path.write_text(json.dumps(self.to_json()))

    @classmethod
    def read(cls, path: Path) -> Self:
        return cls.from_json(json.loads(path.read_text()))
