"""The plan of one run: everything that its processes have to agree on. Pure.

`python -m loadtests.load` writes the plan and the locustfile reads it. A Locust worker on another
machine gets it from its master. The plan contains sessions, so only its owner can read the file.
"""

import json
import os
from dataclasses import asdict, dataclass, field
from math import ceil
from pathlib import Path
from typing import Any, Self

from loadtests.lib.measurements.limits import RunLimits
from loadtests.shapes import SHAPES, Shape

PLAN_VARIABLE = "LOAD_PLAN"  # the environment variable that contains the path of the plan


@dataclass(slots=True)
class LoadPlan:
    """Everything that the processes of a run have to agree on.

    `identities` are lines: `Cookie: …`, `Authorization: …` or `Account: name password`.
    """

    run_id: str
    host: str
    shape: str
    users: int
    rate: float
    seconds: float
    identities: list[str]
    # Ids of the rooms, in the order of the shape's room numbers.
    rooms: list[int] = field(default_factory=list)
    limits: RunLimits = field(default_factory=RunLimits)
    stack: str = ""  # `STACK_DIR` of the local stack; empty if the target is elsewhere
    series: str = ""  # the file to which the series is written; empty if there is none
    workers: int = 1  # how many processes run users
    delivery_us: float = 0.0  # CPU time per delivery, as measured on this machine; 0 if unknown

    @property
    def load_shape(self) -> Shape:
        return SHAPES[self.shape](self.users, self.seconds)

    def facts(self) -> dict[str, Any]:
        """Return the part of the plan that a report may show. It contains no credentials."""
        private = ("identities", "rooms", "stack", "series")
        shown = {name: value for name, value in asdict(self).items() if name not in private}
        return {**shown, "local": bool(self.stack)}

    def to_json(self) -> dict[str, Any]:
        return asdict(self)

    @classmethod
    def from_json(cls, data: dict[str, Any]) -> Self:
        return cls(**{**data, "limits": RunLimits(**data["limits"])})

    def write(self, path: Path) -> None:
        with os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "w") as file:
            json.dump(self.to_json(), file)

    @classmethod
    def read(cls, path: Path) -> Self:
        return cls.from_json(json.loads(path.read_text()))


def identities_needed(users: int, workers: int) -> int:
    """Return how many identities are needed so that no Locust worker runs out of them.

    The lines are divided among the Locust workers by line number. The busiest Locust worker runs
    its share of `users`, rounded up.
    """
    return workers * ceil(users / workers)
