"""What the benchmark asks of the load process, and what that answers: one JSON object each way."""

from typing import TypedDict


class Plan(TypedDict):
    """`places` has one entry for each socket: (address, room, identity)."""

    kind: str  # "fanout" or "sends"
    dialect: str
    run: str
    places: list[tuple[str, str, str]]
    seconds: float
    per_second: float  # of "fanout": messages a second in all
    drain_seconds: float


class Result(TypedDict):
    """`answered` counts within the plan's seconds, everything else to the end of the drain."""

    sent: int
    answered: int
    problems: int
    deliveries: int
    lost: int
    doubled: int
    p50_ms: float
    p99_ms: float
