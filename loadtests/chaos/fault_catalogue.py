"""All kinds of faults, and what is promised of each; docs/reliability.md has the figures."""

from collections.abc import Iterator

from loadtests.chaos.fault_kind import Kind, Mechanism, Part, Promise

SIGNAL, PAUSE, ROLL = Mechanism.SIGNAL, Mechanism.PAUSE, Mechanism.ROLL
LINK, RATE, LOSS, RESET = Mechanism.LINK, Mechanism.RATE, Mechanism.LOSS, Mechanism.RESET
DELAY = Mechanism.DELAY
DISK, CLOCK, SESSION, SOCKET = Mechanism.DISK, Mechanism.CLOCK, Mechanism.SESSION, Mechanism.SOCKET


def _replicas() -> Iterator[Kind]:
    here = Part.REPLICAS
    yield Kind("replica-killed", "A replica is killed (SIGKILL)", here, SIGNAL, 1, 4, Promise(5))
    yield Kind("replica-ended", "A replica is ended (SIGTERM)", here, SIGNAL, 3, 3, Promise(5))
    yield Kind("replica-paused", "A replica stands still (SIGSTOP)", here, PAUSE, 4, 2, Promise(8))
    yield Kind("replica-cut", "The cable of a replica is cut", here, LINK, 4, 4, Promise(10))
    yield Kind(
        "replica-without-redis", "A replica does not reach Redis", here, LINK, 4, 2, Promise(5)
    )
    yield Kind(
        "replica-without-postgres",
        "A replica does not reach Postgres",
        here,
        LINK,
        4,
        4,
        Promise(10),
    )
    yield Kind("replica-slow", "The cable of a replica is slow", here, RATE, 4, 2, Promise(8))
    yield Kind(
        "replica-lossy", "The cable of a replica loses packets", here, LOSS, 4, 2, Promise(5)
    )
    yield Kind("replica-clock", "The clock of a replica jumps", here, CLOCK, 4, 1, Promise(2))
    yield Kind(
        "rolling-deploy", "All replicas are replaced, one by one", here, ROLL, 8, 2, Promise(2)
    )


def _redis() -> Iterator[Kind]:
    here, late = Part.REDIS, Promise(5, delivery=3)
    yield Kind("redis-killed", "Redis is killed (SIGKILL)", here, SIGNAL, 1, 4, Promise(5))
    yield Kind("redis-gone", "Redis is gone", here, SIGNAL, 30, 3, late, deaf=True)
    yield Kind("redis-paused", "Redis stands still (SIGSTOP)", here, PAUSE, 5, 3, late)
    yield Kind("redis-cut", "The cable of Redis is cut", here, LINK, 4, 3, late)
    yield Kind("redis-slow", "The cable of Redis is slow", here, RATE, 4, 2, late)
    yield Kind("redis-far", "The cable of Redis takes 0.1 s longer", here, DELAY, 4, 2, late)
    yield Kind("redis-lossy", "The cable of Redis loses packets", here, LOSS, 4, 2, late)


def _postgres_away() -> Iterator[Kind]:
    def away(name: str, told: str, mechanism: Mechanism, seconds: float, answered: float) -> Kind:
        promise = Promise(answered=answered)
        return Kind(name, told, Part.POSTGRES, mechanism, seconds, 4, promise, outage=True)

    yield away("postgres-restarted", "Postgres is restarted", SIGNAL, 2, 3)
    yield away("postgres-killed", "Postgres is killed (SIGKILL)", SIGNAL, 1, 3)
    yield away("postgres-paused", "Postgres stands still (SIGSTOP)", PAUSE, 3, 3)
    yield away("postgres-cut", "The cable of Postgres is cut", LINK, 3, 5)
    yield away("postgres-full", "The disk of Postgres is full", DISK, 5, 5)


def _postgres_there() -> Iterator[Kind]:
    here = Part.POSTGRES
    yield Kind(
        "sessions-ended",
        "Postgres ends connections in transactions",
        here,
        SESSION,
        4,
        3,
        Promise(5),
    )
    yield Kind("postgres-slow", "The cable of Postgres is slow", here, RATE, 4, 3, Promise(8))
    yield Kind(
        "postgres-far",
        "The cable of Postgres takes 0.1 s longer",
        here,
        DELAY,
        4,
        3,
        Promise(8),
    )
    yield Kind(
        "postgres-lossy", "The cable of Postgres loses packets", here, LOSS, 4, 3, Promise(8)
    )


def _front() -> Iterator[Kind]:
    here = Part.FRONT
    yield Kind("nginx-reloaded", "nginx reloads", here, SIGNAL, 1, 2, Promise(2))
    yield Kind("nginx-restarted", "nginx is restarted", here, SIGNAL, 1, 5, Promise(5), outage=True)


def _clients() -> Iterator[Kind]:
    here = Part.CLIENTS
    yield Kind(
        "home-cut", "A third of all people's sockets is cut off", here, LINK, 4, 5, Promise(12)
    )
    yield Kind("home-lossy", "A third of the sockets loses packets", here, LOSS, 4, 2, Promise(5))
    yield Kind(
        "home-reset", "The network of a third of the sockets changes", here, RESET, 1, 3, Promise(5)
    )
    yield Kind(
        "half-open", "A third of the sockets is lost unnoticed", here, LINK, 16, 3, Promise(20)
    )
    yield Kind(
        "readers-stopped", "Some people's tabs stop reading", here, SOCKET, 15, 3, Promise(20)
    )


KINDS = (
    *_replicas(),
    *_redis(),
    *_postgres_away(),
    *_postgres_there(),
    *_front(),
    *_clients(),
)
KIND_BY_NAME = {kind.name: kind for kind in KINDS}
