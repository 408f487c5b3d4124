"""A private PostgreSQL server: starts in a second, with or without fsync, exits with its parent.

PostgreSQL refuses to run as root. If we are root, it runs as the user `postgres`, which its package
creates.
"""

import signal
import subprocess
from pathlib import Path
from typing import Any

import psycopg
from psycopg import sql

from loadtests.lib.servers.host import LOOPBACK, Host
from loadtests.lib.servers.process import Server, ServerError
from scripts.stack.programs import find_postgres

OWNER = "hubbub"


class Postgres(Server):
    name = "postgres"
    refuses_root = True
    stop_signal = signal.SIGINT  # Postgres' "fast" shutdown, which does not wait for clients
    end_signal = signal.SIGQUIT  # Postgres' "immediate" shutdown

    def __init__(
        self,
        *,
        fsync: bool = False,
        settings: dict[str, str] | None = None,
        wal_segment_mib: int = 16,
        host: Host = LOOPBACK,
    ) -> None:
        """With `fsync`, the server works as in deployments.

        Without it, the server is faster, and durable enough for tests.
        """
        super().__init__(host)
        self.fsync = fsync
        self.settings = settings or {}
        self.wal_segment_mib = wal_segment_mib
        self.bin = find_binaries()
        self.data = self.folder / "data"
        # Whether the data folder has been created. This is kept in memory, because it is possible
        # that only the server's host can see the folder.
        self._made = False

    def command(self) -> list[str]:
        if not self._made:
            self._make_cluster()
            self._made = True
        switch = "on" if self.fsync else "off"
        settings = {
            "hba_file": str(self._write_hba()),
            "listen_addresses": self.host.address,
            "port": str(self.port),
            "unix_socket_directories": str(self.folder),
            "fsync": switch,
            "synchronous_commit": switch,
            "full_page_writes": switch,
            "max_connections": "200",
            "log_min_messages": "fatal",
        } | self.settings
        flags = [part for name, value in settings.items() for part in ("-c", f"{name}={value}")]
        return [str(self.bin / "postgres"), "-D", str(self.data), *flags]

    def answers(self) -> bool:
        try:
            self.execute("SELECT 1")
        except psycopg.OperationalError:
            return False
        return True

    def url(self, database: str = "postgres") -> str:
        return f"postgres://{OWNER}@{self.address}/{database}"

    def execute(
        self, query: sql.Composable | str, *values: object, database: str = "postgres"
    ) -> list[tuple[Any, ...]]:
        """Run one statement on a new connection. Return its rows."""
        with psycopg.connect(self.url(database), autocommit=True, connect_timeout=5) as connection:
            cursor = connection.execute(query, values or None)  # type: ignore[arg-type]
            return cursor.fetchall() if cursor.description else []

    def has_database(self, name: str) -> bool:
        return bool(self.execute("SELECT 1 FROM pg_database WHERE datname = %s", name))

    def create_database(self, name: str, template: str = "template1") -> None:
        """Create a database as a copy of `template`.

        The template refuses connections meanwhile.
        """
        [(was_allowed,)] = self.execute(
            "SELECT datallowconn FROM pg_database WHERE datname = %s", template
        )
        # Otherwise a replica would reconnect at once.
        self._allow_connections(template, allow=False)
        try:
            self.execute(
                "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = %s",
                template,
            )
            create = sql.SQL("CREATE DATABASE {} TEMPLATE {}")
            self.execute(create.format(sql.Identifier(name), sql.Identifier(template)))
        finally:
            self._allow_connections(template, allow=bool(was_allowed))

    def _allow_connections(self, name: str, *, allow: bool) -> None:
        alter = sql.SQL("ALTER DATABASE {} WITH ALLOW_CONNECTIONS {}")
        self.execute(alter.format(sql.Identifier(name), sql.Literal(allow)))

    def drop_database(self, name: str) -> None:
        """Drop a database and end all connections to it."""
        drop = sql.SQL("DROP DATABASE IF EXISTS {} WITH (FORCE)")
        self.execute(drop.format(sql.Identifier(name)))

    def restore_database(self, name: str, copy: str) -> None:
        """Replace a database with `copy`.

        The copy was created earlier with `create_database(copy, template=name)`.
        """
        self.drop_database(name)
        self.create_database(name, template=copy)

    def _write_hba(self) -> Path:
        """Allow connections from the host's own network. initdb allows only loopback."""
        file = self.folder / "hba"
        file.write_text("local all all trust\nhost all all samenet trust\n")
        return file

    def _make_cluster(self) -> None:
        initdb = [
            str(self.bin / "initdb"),
            f"--pgdata={self.data}",
            f"--username={OWNER}",
            "--auth=trust",
            "--encoding=UTF8",
            "--locale=C.UTF-8",
            "--no-sync",
            f"--wal-segsize={self.wal_segment_mib}",
        ]
        made = subprocess.run(
            self._launched(initdb),
            cwd="/",
            capture_output=True,
            text=True,
        )
        if made.returncode:
            raise ServerError(f"initdb failed:\n{made.stdout}{made.stderr}")


def find_binaries() -> Path:
    """Return the folder of the newest installed PostgreSQL. Raises ServerError."""
    found = find_postgres()
    if found is None:
        raise ServerError(
            "PostgreSQL is not installed here: `make test` brings it, "
            "or `apt-get install postgresql` (macOS: `brew install postgresql`)."
        )
    return found
