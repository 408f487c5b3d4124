"""How each kind of fault is injected, by the kind's name."""

import signal
from collections.abc import Callable
from functools import partial

from loadtests.chaos.deployment import Deployment
from loadtests.chaos.faults.clients import ClientsHalfOpen, ClientsNotReading, ClientsReset
from loadtests.chaos.faults.clock import ReplicaClock
from loadtests.chaos.faults.database import PostgresConnectionsKilled, PostgresDiskFull
from loadtests.chaos.faults.fault import Fault, FaultContext
from loadtests.chaos.faults.links import (
    LOST_PERCENT,
    SLOW_REDIS_KBIT,
    ClientPacketsDropped,
    LinkDelayed,
    LinkSlow,
    PacketsDropped,
)
from loadtests.chaos.faults.nginx import NginxReloaded
from loadtests.chaos.faults.processes import (
    Ended,
    EndedWithConnections,
    Paused,
    ReplicaKilled,
    Terminated,
)
from loadtests.chaos.faults.rolling_deploy import RollingDeploy
from loadtests.lib.servers.process import Server


def _replica(deployment: Deployment, victim: int) -> Server:
    return deployment.replicas[victim]


def _redis(deployment: Deployment, victim: int) -> Server:
    return deployment.redis


def _postgres(deployment: Deployment, victim: int) -> Server:
    return deployment.postgres


def _nginx(deployment: Deployment, victim: int) -> Server:
    return deployment.nginx


FAULTS: dict[str, Callable[[FaultContext, int], Fault]] = {
    "replica-killed": partial(ReplicaKilled, choose=_replica),
    "replica-terminated": partial(Terminated, choose=_replica),
    "replica-paused": partial(Paused, choose=_replica),
    "replica-cut": partial(PacketsDropped, choose=_replica),
    "replica-without-redis": partial(PacketsDropped, choose=_replica, other=_redis),
    "replica-without-postgres": partial(PacketsDropped, choose=_replica, other=_postgres),
    "replica-slow": partial(LinkSlow, choose=_replica),
    "replica-lossy": partial(PacketsDropped, choose=_replica, percent=LOST_PERCENT),
    "replica-clock": ReplicaClock,
    "rolling-deploy": RollingDeploy,
    "redis-killed": partial(Ended, choose=_redis),
    "redis-down": partial(Ended, choose=_redis),
    "redis-paused": partial(Paused, choose=_redis),
    "redis-cut": partial(PacketsDropped, choose=_redis),
    "redis-slow": partial(LinkSlow, choose=_redis, kbit=SLOW_REDIS_KBIT),
    "redis-delayed": partial(LinkDelayed, choose=_redis),
    "redis-lossy": partial(PacketsDropped, choose=_redis, percent=LOST_PERCENT),
    # SIGINT is Postgres' "fast" shutdown: it disconnects all clients.
    "postgres-restarted": partial(Ended, choose=_postgres, by=signal.SIGINT),
    "postgres-killed": partial(Ended, choose=_postgres),
    "postgres-paused": partial(Paused, choose=_postgres),
    "postgres-cut": partial(PacketsDropped, choose=_postgres),
    "postgres-disk-full": PostgresDiskFull,
    "postgres-connections-killed": PostgresConnectionsKilled,
    "postgres-slow": partial(LinkSlow, choose=_postgres),
    "postgres-delayed": partial(LinkDelayed, choose=_postgres),
    "postgres-lossy": partial(PacketsDropped, choose=_postgres, percent=LOST_PERCENT),
    "nginx-reloaded": NginxReloaded,
    "nginx-restarted": partial(EndedWithConnections, choose=_nginx, by=signal.SIGTERM),
    "clients-cut": ClientPacketsDropped,
    "clients-lossy": partial(ClientPacketsDropped, percent=LOST_PERCENT),
    "clients-reset": ClientsReset,
    "clients-half-open": ClientsHalfOpen,
    "clients-not-reading": ClientsNotReading,
}

__all__ = ["FAULTS", "Fault", "FaultContext"]
