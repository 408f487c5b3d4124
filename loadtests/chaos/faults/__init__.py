"""Maps the name of each kind of fault to the fault that is injected."""

import signal

from loadtests.chaos.faults import clients, database, processes
from loadtests.chaos.faults.fault import Fault, FaultContext
from loadtests.chaos.faults.links import (
    LOST_PERCENT,
    SLOW_REDIS_KBIT,
    delayed,
    packets_dropped,
    slow,
)
from loadtests.chaos.faults.processes import ended, paused
from loadtests.lib.servers.process import Server


def replica(context: FaultContext) -> Server:
    return context.deployment.replicas[context.victim]


def redis(context: FaultContext) -> Server:
    return context.deployment.redis


def postgres(context: FaultContext) -> Server:
    return context.deployment.postgres


def nginx(context: FaultContext) -> Server:
    return context.deployment.nginx


FAULTS: dict[str, Fault] = {
    "replica-killed": ended(replica, is_connected_to=processes.is_served_by),
    "replica-terminated": processes.terminated(replica),
    "replica-paused": paused(replica),
    "replica-cut": packets_dropped(replica),
    "replica-without-redis": packets_dropped(replica, other=redis),
    "replica-without-postgres": packets_dropped(replica, other=postgres),
    "replica-slow": slow(replica),
    "replica-lossy": packets_dropped(replica, LOST_PERCENT),
    "replica-clock": database.clock_jumps(),
    "rolling-deploy": processes.rolling_deploy(),
    "redis-killed": ended(redis),
    "redis-down": ended(redis),
    "redis-paused": paused(redis),
    "redis-cut": packets_dropped(redis),
    "redis-slow": slow(redis, SLOW_REDIS_KBIT),
    "redis-delayed": delayed(redis),
    "redis-lossy": packets_dropped(redis, LOST_PERCENT),
    # SIGINT is Postgres' "fast" shutdown: it disconnects all clients.
    "postgres-restarted": ended(postgres, signal.SIGINT),
    "postgres-killed": ended(postgres),
    "postgres-paused": paused(postgres),
    "postgres-cut": packets_dropped(postgres),
    "postgres-disk-full": database.disk_full(),
    "postgres-connections-killed": database.connections_killed(),
    "postgres-slow": slow(postgres),
    "postgres-delayed": delayed(postgres),
    "postgres-lossy": packets_dropped(postgres, LOST_PERCENT),
    "nginx-reloaded": processes.reloaded(),
    # All clients are affected, because every connection goes through nginx.
    "nginx-restarted": ended(nginx, signal.SIGTERM, is_connected_to=lambda client, pid: True),
    "clients-cut": clients.packets_dropped(),
    "clients-lossy": clients.packets_dropped(LOST_PERCENT),
    "clients-reset": clients.reset(),
    "clients-half-open": clients.half_open(),
    "clients-not-reading": clients.not_reading(),
}
