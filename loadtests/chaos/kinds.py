"""All kinds of faults, and what is promised of each. `docs/reliability.md` has them with figures."""

from collections.abc import Iterator

from loadtests.chaos.kind import Kind, Mechanism, Part, Promise


def _replicas() -> Iterator[Kind]:
    here, link = Part.REPLICAS, Mechanism.LINK
    yield Kind(
        "replica-killed",
        "A replica is killed (SIGKILL)",
        here,
        Mechanism.SIGNAL,
        1,
        4,
        Promise(silence=5),
    )
    yield Kind(
        "replica-ended",
        "A replica is ended (SIGTERM)",
        here,
        Mechanism.SIGNAL,
        3,
        3,
        Promise(silence=5),
    )
    yield Kind(
        "replica-paused",
        "A replica stands still (SIGSTOP)",
        here,
        Mechanism.PAUSE,
        4,
        2,
        Promise(silence=8),
    )
    yield Kind(
        "replica-cut",
        "The cable of a replica is cut",
        here,
        link,
        4,
        4,
        Promise(silence=10),
        needs_net=True,
    )
    yield Kind(
        "replica-without-redis",
        "A replica does not reach Redis",
        here,
        link,
        4,
        2,
        Promise(silence=5),
        needs_net=True,
    )
    yield Kind(
        "replica-without-postgres",
        "A replica does not reach Postgres",
        here,
        link,
        4,
        4,
        Promise(silence=10),
        needs_net=True,
    )
    yield Kind(
        "replica-slow",
        "The cable of a replica is slow",
        here,
        Mechanism.RATE,
        4,
        2,
        Promise(silence=8),
        needs_net=True,
    )
    yield Kind(
        "replica-lossy",
        "The cable of a replica loses packets",
        here,
        Mechanism.LOSS,
        4,
        2,
        Promise(silence=5),
        needs_net=True,
    )
    yield Kind(
        "replica-clock",
        "The clock of a replica jumps",
        here,
        Mechanism.CLOCK,
        4,
        1,
        Promise(silence=2),
    )
    yield Kind(
        "rolling-deploy",
        "All replicas are replaced, one by one",
        here,
        Mechanism.ROLL,
        8,
        2,
        Promise(silence=2),
    )


def _redis() -> Iterator[Kind]:
    here = Part.REDIS
    yield Kind(
        "redis-killed",
        "Redis is killed (SIGKILL)",
        here,
        Mechanism.SIGNAL,
        1,
        4,
        Promise(silence=5),
    )
    yield Kind(
        "redis-gone", "Redis is gone", here, Mechanism.SIGNAL, 30, 3, Promise(silence=5, delivery=3)
    )
    yield Kind(
        "redis-paused",
        "Redis stands still (SIGSTOP)",
        here,
        Mechanism.PAUSE,
        5,
        3,
        Promise(silence=5, delivery=3),
    )
    yield Kind(
        "redis-cut",
        "The cable of Redis is cut",
        here,
        Mechanism.LINK,
        4,
        3,
        Promise(silence=5, delivery=3),
        needs_net=True,
    )
    yield Kind(
        "redis-slow",
        "The cable of Redis is slow",
        here,
        Mechanism.RATE,
        4,
        2,
        Promise(silence=5, delivery=3),
        needs_net=True,
    )
    yield Kind(
        "redis-lossy",
        "The cable of Redis loses packets",
        here,
        Mechanism.LOSS,
        4,
        2,
        Promise(silence=5, delivery=3),
        needs_net=True,
    )


def _postgres() -> Iterator[Kind]:
    here = Part.POSTGRES
    yield Kind(
        "postgres-restarted",
        "Postgres is restarted",
        here,
        Mechanism.SIGNAL,
        2,
        4,
        Promise(answered=3),
        outage=True,
    )
    yield Kind(
        "postgres-killed",
        "Postgres is killed (SIGKILL)",
        here,
        Mechanism.SIGNAL,
        1,
        4,
        Promise(answered=3),
        outage=True,
    )
    yield Kind(
        "postgres-paused",
        "Postgres stands still (SIGSTOP)",
        here,
        Mechanism.PAUSE,
        3,
        4,
        Promise(answered=3),
        outage=True,
    )
    yield Kind(
        "postgres-cut",
        "The cable of Postgres is cut",
        here,
        Mechanism.LINK,
        3,
        4,
        Promise(answered=5),
        outage=True,
        needs_net=True,
    )
    yield Kind(
        "postgres-full",
        "The disk of Postgres is full",
        here,
        Mechanism.DISK,
        5,
        4,
        Promise(answered=5),
        outage=True,
        needs_net=True,
    )
    yield Kind(
        "sessions-ended",
        "Postgres ends connections in transactions",
        here,
        Mechanism.SESSION,
        4,
        3,
        Promise(silence=5),
    )
    yield Kind(
        "postgres-slow",
        "The cable of Postgres is slow",
        here,
        Mechanism.RATE,
        4,
        3,
        Promise(silence=8),
        needs_net=True,
    )
    yield Kind(
        "postgres-lossy",
        "The cable of Postgres loses packets",
        here,
        Mechanism.LOSS,
        4,
        3,
        Promise(silence=8),
        needs_net=True,
    )


def _front() -> Iterator[Kind]:
    here = Part.FRONT
    yield Kind("nginx-reloaded", "nginx reloads", here, Mechanism.SIGNAL, 1, 2, Promise(silence=2))
    yield Kind(
        "nginx-restarted",
        "nginx is restarted",
        here,
        Mechanism.SIGNAL,
        1,
        5,
        Promise(silence=5),
        outage=True,
    )


def _clients() -> Iterator[Kind]:
    here = Part.CLIENTS
    yield Kind(
        "home-cut",
        "A third of all people's sockets is cut off",
        here,
        Mechanism.LINK,
        4,
        5,
        Promise(silence=12),
        needs_net=True,
    )
    yield Kind(
        "home-lossy",
        "A third of the sockets loses packets",
        here,
        Mechanism.LOSS,
        4,
        2,
        Promise(silence=5),
        needs_net=True,
    )
    yield Kind(
        "home-reset",
        "The network of a third of the sockets changes",
        here,
        Mechanism.SOCKET,
        1,
        3,
        Promise(silence=5),
        needs_net=True,
    )
    yield Kind(
        "half-open",
        "A third of the sockets is lost unnoticed",
        here,
        Mechanism.LINK,
        16,
        3,
        Promise(silence=20),
        needs_net=True,
    )
    yield Kind(
        "readers-stopped",
        "Some people's tabs stop reading",
        here,
        Mechanism.SOCKET,
        15,
        3,
        Promise(silence=20),
    )


KINDS = (*_replicas(), *_redis(), *_postgres(), *_front(), *_clients())
BY_NAME = {kind.name: kind for kind in KINDS}
