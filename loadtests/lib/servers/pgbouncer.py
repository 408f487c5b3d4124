"""A PgBouncer in transaction mode in front of a `Postgres`, with the pool settings of deploy/k8s.

Tests of deployments start it. Like PostgreSQL, it refuses to run as root.
"""

import shutil

import psycopg

from loadtests.lib.servers.postgres import OWNER, Postgres
from loadtests.lib.servers.process import HOST, ROOT, Server, ServerError
from scripts.stack.programs import find_program

POOL = ROOT / "deploy/k8s/components/pgbouncer/pool.ini"


class PgBouncer(Server):
    name = "pgbouncer"
    refuses_root = True

    def __init__(self, postgres: Postgres, *, connections: int) -> None:
        """`connections` is the size of PgBouncer's pool for each database and user."""
        super().__init__()
        self._postgres, self._connections = postgres, connections

    def command(self) -> list[str]:
        binary = find_program("pgbouncer")
        if binary is None:
            raise ServerError(
                "PgBouncer is not installed here: `make test-deploy` brings it, "
                "or `apt-get install pgbouncer` (macOS: `brew install pgbouncer`)."
            )
        return [binary, str(self._write_configuration())]

    def answers(self) -> bool:
        try:
            with psycopg.connect(self.url("postgres"), autocommit=True, connect_timeout=5):
                return True
        except psycopg.OperationalError:
            return False

    def url(self, database: str) -> str:
        return f"postgres://{OWNER}@{self.address}/{database}"

    def _write_configuration(self) -> str:
        users = self.folder / "users.txt"
        users.write_text(f'"{OWNER}" ""\n')
        # Write a copy, because PgBouncer's user may have no right to read a checkout in a home
        # folder.
        pool = self.folder / "pool.ini"
        shutil.copyfile(POOL, pool)
        file = self.folder / "pgbouncer.ini"
        # These lines belong to the section of pool.ini: a second section would reset its values.
        file.write_text(
            "[databases]\n"
            f"* = host={HOST} port={self._postgres.port}\n"
            f"%include {pool}\n"
            f"listen_addr = {HOST}\n"
            f"listen_port = {self.port}\n"
            "auth_type = trust\n"
            f"auth_file = {users}\n"
            f"default_pool_size = {self._connections}\n"
        )
        return str(file)
