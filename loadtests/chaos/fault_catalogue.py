"""All kinds of faults with their limits. docs/reliability.md has the measured figures."""

from collections.abc import Sequence
from typing import Any

from loadtests.chaos.fault_kind import FaultKind, FaultLimits, FaultTarget, Mechanism

# The columns are name, title, mechanism, seconds, settle seconds, and the limits of silence,
# recovery and delivery.
REPLICAS = [
    ("replica-killed", "A replica is killed (SIGKILL)", "signal", 1, 4, 5),
    ("replica-terminated", "A replica is terminated (SIGTERM)", "signal", 3, 3, 5),
    ("replica-paused", "A replica is paused (SIGSTOP)", "pause", 4, 2, 8),
    ("replica-cut", "The network link of a replica is cut", "link", 4, 4, 10),
    ("replica-without-redis", "A replica cannot reach Redis", "link", 4, 2, 5),
    ("replica-without-postgres", "A replica cannot reach Postgres", "link", 4, 4, 10),
    ("replica-slow", "The network link of a replica is slow", "rate", 4, 2, 8),
    ("replica-lossy", "The network link of a replica loses packets", "loss", 4, 2, 5),
    ("replica-clock", "The clock of a replica jumps", "clock", 4, 1, 2),
    ("rolling-deploy", "All replicas are replaced one by one", "deploy", 8, 2, 2),
]
REDIS = [
    ("redis-killed", "Redis is killed (SIGKILL)", "signal", 1, 4, 5),
    ("redis-down", "Redis is down", "signal", 30, 3, 5, None, 3),
    ("redis-paused", "Redis is paused (SIGSTOP)", "pause", 5, 3, 5, None, 3),
    ("redis-cut", "The network link of Redis is cut", "link", 4, 3, 5, None, 3),
    ("redis-slow", "The network link of Redis is slow", "rate", 4, 2, 5, None, 3),
    (
        "redis-delayed",
        "The network link of Redis has 0.1 s more latency",
        "delay",
        4,
        2,
        5,
        None,
        3,
    ),
    ("redis-lossy", "The network link of Redis loses packets", "loss", 4, 2, 5, None, 3),
]
POSTGRES = [
    ("postgres-restarted", "Postgres is restarted", "signal", 2, 4, None, 3),
    ("postgres-killed", "Postgres is killed (SIGKILL)", "signal", 1, 4, None, 3),
    ("postgres-paused", "Postgres is paused (SIGSTOP)", "pause", 3, 4, None, 3),
    ("postgres-cut", "The network link of Postgres is cut", "link", 3, 4, None, 5),
    ("postgres-disk-full", "The disk of Postgres is full", "disk", 5, 4, None, 5),
    ("postgres-connections-killed", "Postgres ends connections in transactions", "sql", 4, 3, 5),
    ("postgres-slow", "The network link of Postgres is slow", "rate", 4, 3, 8),
    ("postgres-delayed", "The network link of Postgres has 0.1 s more latency", "delay", 4, 3, 8),
    ("postgres-lossy", "The network link of Postgres loses packets", "loss", 4, 3, 8),
]
NGINX = [
    ("nginx-reloaded", "nginx is reloaded", "signal", 1, 2, 2),
    ("nginx-restarted", "nginx is restarted", "signal", 1, 5, 5),
]
CLIENTS = [
    ("clients-cut", "A third of all connections is cut off", "link", 4, 5, 12),
    ("clients-lossy", "A third of the connections loses packets", "loss", 4, 2, 5),
    ("clients-reset", "A third of the clients changes network", "reset", 1, 3, 5),
    ("clients-half-open", "A third of the connections is lost silently", "link", 16, 3, 20),
    ("clients-not-reading", "Some tabs stop reading", "socket", 15, 3, 20),
]
CATALOGUE: dict[FaultTarget, Sequence[tuple[Any, ...]]] = {
    FaultTarget.REPLICAS: REPLICAS,
    FaultTarget.REDIS: REDIS,
    FaultTarget.POSTGRES: POSTGRES,
    FaultTarget.NGINX: NGINX,
    FaultTarget.CLIENTS: CLIENTS,
}
OUTAGES = {
    *("postgres-restarted", "postgres-killed", "postgres-paused", "postgres-cut"),
    *("postgres-disk-full", "nginx-restarted"),
}
BUS_LOST = {"redis-down"}


def _kind(target: FaultTarget, name: str, *facts: Any) -> FaultKind:
    title, mechanism, seconds, settle_seconds, *limits = facts
    return FaultKind(
        *(
            name,
            title,
            target,
            Mechanism(mechanism),
            seconds,
            settle_seconds,
            FaultLimits(*(limit and float(limit) for limit in limits)),
        ),
        outage=name in OUTAGES,
        bus_lost=name in BUS_LOST,
    )


FAULT_KINDS = tuple(_kind(target, *row) for target, rows in CATALOGUE.items() for row in rows)
KIND_BY_NAME = {kind.name: kind for kind in FAULT_KINDS}
