"""How each kind of fault is done, by the kind's name."""

from loadtests.chaos.faults.clients import HalfOpen, HomeReset, ReadersStopped
from loadtests.chaos.faults.clock import ReplicaClock
from loadtests.chaos.faults.database import PostgresFull, SessionsEnded
from loadtests.chaos.faults.deploy import RollingDeploy
from loadtests.chaos.faults.fault import Fault, Scene
from loadtests.chaos.faults.front import NginxReloaded
from loadtests.chaos.faults.links import (
    HomeCut,
    HomeLossy,
    PostgresCut,
    PostgresFar,
    PostgresLossy,
    PostgresSlow,
    RedisCut,
    RedisFar,
    RedisLossy,
    RedisSlow,
    ReplicaCut,
    ReplicaLossy,
    ReplicaSlow,
    ReplicaWithoutPostgres,
    ReplicaWithoutRedis,
)
from loadtests.chaos.faults.processes import (
    NginxRestarted,
    PostgresKilled,
    PostgresPaused,
    PostgresRestarted,
    RedisEnded,
    RedisPaused,
    ReplicaEnded,
    ReplicaKilled,
    ReplicaPaused,
)

FAULTS: dict[str, type[Fault]] = {
    "replica-killed": ReplicaKilled,
    "replica-ended": ReplicaEnded,
    "replica-paused": ReplicaPaused,
    "replica-cut": ReplicaCut,
    "replica-without-redis": ReplicaWithoutRedis,
    "replica-without-postgres": ReplicaWithoutPostgres,
    "replica-slow": ReplicaSlow,
    "replica-lossy": ReplicaLossy,
    "replica-clock": ReplicaClock,
    "rolling-deploy": RollingDeploy,
    "redis-killed": RedisEnded,
    "redis-gone": RedisEnded,
    "redis-paused": RedisPaused,
    "redis-cut": RedisCut,
    "redis-slow": RedisSlow,
    "redis-far": RedisFar,
    "redis-lossy": RedisLossy,
    "postgres-restarted": PostgresRestarted,
    "postgres-killed": PostgresKilled,
    "postgres-paused": PostgresPaused,
    "postgres-cut": PostgresCut,
    "postgres-full": PostgresFull,
    "sessions-ended": SessionsEnded,
    "postgres-slow": PostgresSlow,
    "postgres-far": PostgresFar,
    "postgres-lossy": PostgresLossy,
    "nginx-reloaded": NginxReloaded,
    "nginx-restarted": NginxRestarted,
    "home-cut": HomeCut,
    "home-lossy": HomeLossy,
    "home-reset": HomeReset,
    "half-open": HalfOpen,
    "readers-stopped": ReadersStopped,
}

__all__ = ["FAULTS", "Fault", "Scene"]
