"""Reads statistics of Redis and Postgres: clients, channels, connections, commands and commits."""

from typing import Any

import psycopg
import redis

TIMEOUT_SECONDS = 5
REDIS_STATS = {
    "connected_clients": "clients",
    "pubsub_channels": "pubsub_channels",
    "used_memory": "used_bytes",
    "total_commands_processed": "commands",
    "total_net_input_bytes": "bytes_in",
    "total_net_output_bytes": "bytes_out",
    "evicted_keys": "evicted_keys",
}
# Processes name their connections "hubbub-realtime host:pid" and "hubbub-web host:pid".
CONNECTIONS = """
    SELECT split_part(application_name, ' ', 1), count(*),
           count(*) FILTER (WHERE state = 'active'),
           count(*) FILTER (WHERE state LIKE 'idle in transaction%')
    FROM pg_stat_activity
    WHERE datname = current_database() AND pid <> pg_backend_pid() GROUP BY 1
"""
WORK = """
    SELECT xact_commit, xact_rollback, deadlocks, pg_database_size(datname)
    FROM pg_stat_database WHERE datname = current_database()
"""


class RedisStats:
    def __init__(self, url: str) -> None:
        self._client = redis.Redis.from_url(url, socket_timeout=TIMEOUT_SECONDS)

    def read(self) -> dict[str, float]:
        """Return the statistics.

        Raises OSError and redis.RedisError while Redis is down; the next call tries again.
        """
        info: dict[str, Any] = self._client.info()
        return {ours: float(info[theirs]) for theirs, ours in REDIS_STATS.items()}


class PostgresStats:
    def __init__(self, url: str) -> None:
        self._url = url
        self._connection: psycopg.Connection | None = None

    def read(self) -> dict[str, float]:
        """Return the statistics.

        Raises psycopg.Error while Postgres is down; the next call connects again.
        """
        try:
            return self._read(self._connected())
        except psycopg.Error:
            if self._connection is not None:
                self._connection.close()
            self._connection = None
            raise

    def _connected(self) -> psycopg.Connection:
        if self._connection is None:
            self._connection = psycopg.connect(
                self._url,
                autocommit=True,
                connect_timeout=TIMEOUT_SECONDS,
                application_name="hubbub-sampling",
                options=f"-c statement_timeout={TIMEOUT_SECONDS}s",
            )
        return self._connection

    def _read(self, connection: psycopg.Connection) -> dict[str, float]:
        stats = {"connections": 0.0, "active": 0.0, "idle_in_transaction": 0.0}
        for name, number, active, idle in connection.execute(CONNECTIONS).fetchall():
            stats["connections"] += number
            stats["active"] += active
            stats["idle_in_transaction"] += idle
            stats[f"connections:{name or 'unnamed'}"] = float(number)
        names = ("commits", "rollbacks", "deadlocks", "database_bytes")
        row = connection.execute(WORK).fetchone() or ()
        return stats | {name: float(number) for name, number in zip(names, row, strict=False)}
