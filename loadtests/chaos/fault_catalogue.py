"""All kinds of faults with their limits; docs/reliability.md has the measured figures."""

from collections.abc import Iterator

from loadtests.chaos.fault_kind import FaultKind, Limits, Mechanism, Target

SIGNAL, PAUSE, DEPLOY = Mechanism.SIGNAL, Mechanism.PAUSE, Mechanism.DEPLOY
LINK, RATE, LOSS, RESET = Mechanism.LINK, Mechanism.RATE, Mechanism.LOSS, Mechanism.RESET
DELAY = Mechanism.DELAY
DISK, CLOCK, SESSION, SOCKET = Mechanism.DISK, Mechanism.CLOCK, Mechanism.SESSION, Mechanism.SOCKET

# name: title, mechanism, seconds, settle seconds, longest silence
REPLICA_FAULTS = {
    "replica-killed": ("A replica is killed (SIGKILL)", SIGNAL, 1, 4, 5),
    "replica-terminated": ("A replica is terminated (SIGTERM)", SIGNAL, 3, 3, 5),
    "replica-paused": ("A replica is paused (SIGSTOP)", PAUSE, 4, 2, 8),
    "replica-cut": ("The network link of a replica is cut", LINK, 4, 4, 10),
    "replica-without-redis": ("A replica cannot reach Redis", LINK, 4, 2, 5),
    "replica-without-postgres": ("A replica cannot reach Postgres", LINK, 4, 4, 10),
    "replica-slow": ("The network link of a replica is slow", RATE, 4, 2, 8),
    "replica-lossy": ("The network link of a replica loses packets", LOSS, 4, 2, 5),
    "replica-clock": ("The clock of a replica jumps", CLOCK, 4, 1, 2),
    "rolling-deploy": ("All replicas are replaced one by one", DEPLOY, 8, 2, 2),
}
# name: title, mechanism, seconds, seconds until sends are acknowledged again
POSTGRES_OUTAGES = {
    "postgres-restarted": ("Postgres is restarted", SIGNAL, 2, 3),
    "postgres-killed": ("Postgres is killed (SIGKILL)", SIGNAL, 1, 3),
    "postgres-paused": ("Postgres is paused (SIGSTOP)", PAUSE, 3, 3),
    "postgres-cut": ("The network link of Postgres is cut", LINK, 3, 5),
    "postgres-disk-full": ("The disk of Postgres is full", DISK, 5, 5),
}
# name: title, mechanism, longest silence
POSTGRES_FAULTS = {
    "postgres-connections-killed": ("Postgres ends connections in transactions", SESSION, 5),
    "postgres-slow": ("The network link of Postgres is slow", RATE, 8),
    "postgres-delayed": ("The network link of Postgres has 0.1 s more latency", DELAY, 8),
    "postgres-lossy": ("The network link of Postgres loses packets", LOSS, 8),
}
# name: title, mechanism, seconds, settle seconds, longest silence
CLIENT_FAULTS = {
    "clients-cut": ("A third of all connections is cut off", LINK, 4, 5, 12),
    "clients-lossy": ("A third of the connections loses packets", LOSS, 4, 2, 5),
    "clients-reset": ("A third of the clients changes network", RESET, 1, 3, 5),
    "clients-half-open": ("A third of the connections is lost silently", LINK, 16, 3, 20),
    "clients-not-reading": ("Some tabs stop reading", SOCKET, 15, 3, 20),
}


def _replicas() -> Iterator[FaultKind]:
    for name, (title, mechanism, seconds, settle, silence) in REPLICA_FAULTS.items():
        limits = Limits(silence)
        yield FaultKind(name, title, Target.REPLICAS, mechanism, seconds, settle, limits)


def _redis() -> Iterator[FaultKind]:
    target, late = Target.REDIS, Limits(5, delivery=3)
    yield FaultKind("redis-killed", "Redis is killed (SIGKILL)", target, SIGNAL, 1, 4, Limits(5))
    yield FaultKind("redis-down", "Redis is down", target, SIGNAL, 30, 3, late, bus_lost=True)
    yield FaultKind("redis-paused", "Redis is paused (SIGSTOP)", target, PAUSE, 5, 3, late)
    yield FaultKind("redis-cut", "The network link of Redis is cut", target, LINK, 4, 3, late)
    for name, title, mechanism in (
        ("redis-slow", "The network link of Redis is slow", RATE),
        ("redis-delayed", "The network link of Redis has 0.1 s more latency", DELAY),
        ("redis-lossy", "The network link of Redis loses packets", LOSS),
    ):
        yield FaultKind(name, title, target, mechanism, 4, 2, late)


def _postgres() -> Iterator[FaultKind]:
    target = Target.POSTGRES
    for name, (title, mechanism, seconds, recovery) in POSTGRES_OUTAGES.items():
        limits = Limits(recovery=recovery)
        yield FaultKind(name, title, target, mechanism, seconds, 4, limits, outage=True)
    for name, (title, mechanism, silence) in POSTGRES_FAULTS.items():
        yield FaultKind(name, title, target, mechanism, 4, 3, Limits(silence))


def _nginx() -> Iterator[FaultKind]:
    target = Target.NGINX
    yield FaultKind("nginx-reloaded", "nginx is reloaded", target, SIGNAL, 1, 2, Limits(2))
    yield FaultKind(
        "nginx-restarted", "nginx is restarted", target, SIGNAL, 1, 5, Limits(5), outage=True
    )


def _clients() -> Iterator[FaultKind]:
    for name, (title, mechanism, seconds, settle, silence) in CLIENT_FAULTS.items():
        limits = Limits(silence)
        yield FaultKind(name, title, Target.CLIENTS, mechanism, seconds, settle, limits)


FAULT_KINDS = (*_replicas(), *_redis(), *_postgres(), *_nginx(), *_clients())
KIND_BY_NAME = {kind.name: kind for kind in FAULT_KINDS}
