"""What one run is: everything that its processes have to agree about. Pure.

Written by `python -m loadtests.load`, read by the locustfile; a worker on another machine gets it
from its master. It holds sessions: only its owner may read the file.
"""

import json
import os
from dataclasses import asdict, dataclass, field
from math import ceil
from pathlib import Path
from typing import Any, Self

from loadtests.shapes import SHAPES, Shape

# Where the locustfile finds the plan, and who rolls the local stack (its STACK_DIR).
PLAN_VARIABLE = "LOAD_PLAN"


@dataclass(slots=True)
class Limits:
    """What a run has to keep; latencies are 99th percentiles in milliseconds."""

    connect_ms: float = 1_000
    send_ms: float = 250
    deliver_ms: float = 250
    resume_ms: float = 3_000
    failures_percent: float = 0.1
    generator_cpu_percent: float = 90
    # Whatever the loop is late by is added to every latency: a fifth of the tightest may be ours.
    generator_lag_ms: float = 50


@dataclass(slots=True)
class Plan:
    """`people` are lines `Cookie: …`, `Authorization: …` or `Account: name password`."""

    run: str
    host: str
    shape: str
    users: int
    rate: float
    seconds: float
    people: list[str]
    rooms: list[int] = field(default_factory=list)  # by their number in the shape
    limits: Limits = field(default_factory=Limits)
    stack: str = ""  # the local stack's folder
    series: str = ""  # where to write it; empty: not at all
    workers: int = 1  # processes that play people
    ceiling_us: float = 0.0  # of CPU for a delivery, as measured here; 0: not measured

    @property
    def curve(self) -> Shape:
        return SHAPES[self.shape](self.users, self.seconds)

    @property
    def seats(self) -> int:
        """How many lines of `people` may be played at a time, by all workers together."""
        return seats(self.users, self.workers)

    @property
    def series_path(self) -> Path:
        return Path(self.series)

    def facts(self) -> dict[str, Any]:
        """Return what a report says of the run: nothing by which anybody could sign in."""
        secret = ("people", "rooms", "stack", "series")
        told = {name: value for name, value in asdict(self).items() if name not in secret}
        return {**told, "local": bool(self.stack)}

    def to_json(self) -> dict[str, Any]:
        return asdict(self)

    @classmethod
    def from_json(cls, read: dict[str, Any]) -> Self:
        return cls(**{**read, "limits": Limits(**read["limits"])})

    def write(self, path: Path) -> None:
        with os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "w") as file:
            json.dump(self.to_json(), file)

    @classmethod
    def read(cls, path: Path) -> Self:
        return cls.from_json(json.loads(path.read_text()))


def seats(users: int, workers: int) -> int:
    """Return how many lines it takes so that no worker is without one, however users are spread.

    Lines are shared by their numbers, and the busiest worker plays its part of `users` rounded up.
    """
    return workers * ceil(users / workers)
