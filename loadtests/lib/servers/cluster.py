"""A cluster for tests and benchmarks: one database, one Redis and N replicas.

With `embedded=True` the cluster is the embedded default: SQLite, the in-memory layer, one process.
With the `postgres` or `redis` of another cluster, it shares that server, but uses a database or a
prefix of its own. A test that stops or pauses a server must let the cluster start its own server.
"""

import atexit
import os
import secrets
import shutil
import sqlite3
import sys
from collections.abc import Mapping
from contextlib import ExitStack
from functools import cache
from pathlib import Path
from tempfile import TemporaryDirectory, mkdtemp
from typing import Any

import psycopg

from loadtests.lib.servers.fork_server import run_program
from loadtests.lib.servers.postgres import Postgres
from loadtests.lib.servers.process import ROOT, ServerError
from loadtests.lib.servers.redis import Redis
from loadtests.lib.servers.replica import Replica
from loadtests.lib.servers.startable import Startable

# The name of a migrated database on each server. Other databases are copied from it, which is
# faster than migrating each of them.
TEMPLATE = "hubbub_migrated"
# Variables that a process inherits from the shell. Only the cluster sets the variables that
# configure Hubbub.
INHERITED = {"PATH", "HOME", "LANG", "TMPDIR", "VIRTUAL_ENV"}


class Cluster(Startable):
    def __init__(
        self,
        *,
        replicas: int = 2,
        embedded: bool = False,
        stock: bool = False,
        fsync: bool = False,
        postgres: Postgres | None = None,
        redis: Redis | None = None,
        environment: Mapping[str, str] | None = None,
    ) -> None:
        self._stack = ExitStack()
        self._folder = TemporaryDirectory(prefix="hubbub-cluster-", ignore_cleanup_errors=True)
        self.name = f"cluster_{secrets.token_hex(4)}"
        self.postgres = None if embedded else postgres or Postgres(fsync=fsync)
        self.redis = None if embedded else redis or Redis()
        self._own_servers = [
            server
            for server in (self.redis, self.postgres)
            if server is not None and server not in (postgres, redis)
        ]
        self.environment = self._make_environment() | dict(environment or {})
        count = 1 if embedded else replicas
        self._stock = stock  # whether plain Daphne serves the replicas: see `Replica`
        self.replicas = [self._replica() for _ in range(count)]

    def start(self) -> None:
        """Start all servers, with all migrations applied."""
        self._stack.callback(self._folder.cleanup)
        for replica in self.replicas:
            self._stack.callback(replica.close)
        for server in self._own_servers:
            self._stack.enter_context(server)
        self._create_database()
        for replica in self.replicas:
            replica.spawn()
        for replica in self.replicas:
            replica.wait_until_ready()

    def close(self) -> None:
        self._stack.close()

    def add_replica(self) -> Replica:
        """Start one more replica. Return it once it answers."""
        replica = self._replica()
        self._stack.callback(replica.close)
        self.replicas.append(replica)
        return replica.start()

    def manage(self, *arguments: str, input: str | None = None) -> str:
        """Run `manage.py` as an operator would. Return its output."""
        return manage(self.environment, *arguments, input=input)

    def database(self) -> Any:
        """Return a new DB-API connection to the cluster's database, without Django."""
        if self.postgres is None:
            return sqlite3.connect(Path(self.environment["DATA_DIR"]) / "hubbub.sqlite3")
        return psycopg.connect(self.postgres.url(self.name))

    def _replica(self) -> Replica:
        return Replica(self.environment, stock=self._stock)

    def _make_environment(self) -> dict[str, str]:
        """Return the environment of all processes.

        PUBLIC_URL is unset, so each replica uses its own host and port as its origin.
        """
        environment = {name: os.environ[name] for name in INHERITED & os.environ.keys()} | {
            "PYTHONPATH": str(ROOT / "app"),
            "PYTHONUNBUFFERED": "1",
            "DATA_DIR": self._folder.name,
            "STATIC_ROOT": collected_static_files(),
            "SECRET_KEY": secrets.token_urlsafe(40),
        }
        if self.postgres is not None:
            environment["DATABASE_URL"] = self.postgres.url(self.name)
        if self.redis is not None:
            environment |= {"REDIS_URL": self.redis.url(), "REDIS_PREFIX": self.name}
        return environment

    def _create_database(self) -> None:
        if self.postgres is None:
            self.manage("migrate", "--verbosity=0")
            return
        if self.postgres not in self._own_servers:
            self._stack.callback(self.postgres.drop_database, self.name)
        if not self.postgres.has_database(TEMPLATE):
            make_template(self.postgres, self.environment)
        self.postgres.create_database(self.name, template=TEMPLATE)


def make_template(postgres: Postgres, environment: Mapping[str, str]) -> None:
    postgres.create_database(TEMPLATE)
    template = {"DATABASE_URL": postgres.url(TEMPLATE)}
    manage({**environment, **template}, "migrate", "--verbosity=0")


def manage(environment: Mapping[str, str], *arguments: str, input: str | None = None) -> str:
    """Run `manage.py` in exactly this environment. Raises ServerError if it fails."""
    command = [sys.executable, str(ROOT / "app/manage.py"), *arguments]
    done = run_program(command, cwd=ROOT, env=environment, input=input or "")
    if done.returncode:
        shown = " ".join(arguments)
        raise ServerError(f"`manage.py {shown}` failed:\n{done.stdout}{done.stderr}")
    return done.stdout


@cache
def collected_static_files() -> str:
    """Return the folder of the collected static files, created once for this process.

    Replicas run as they do in a deployment: hashed names and compressed copies.
    """
    folder = mkdtemp(prefix="hubbub-static-")
    atexit.register(shutil.rmtree, folder, ignore_errors=True)
    environment = {"PATH": os.environ.get("PATH", ""), "DATA_DIR": folder, "STATIC_ROOT": folder}
    manage(environment, "collectstatic", "--no-input", "--verbosity=0")
    return folder
