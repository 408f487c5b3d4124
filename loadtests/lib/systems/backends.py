"""The servers that all systems under test share: Postgres with fsync, Redis, and Hubbub's database.

These servers are started once per run of the benchmark. The systems are started and stopped one
after the other, and each of them has a database of its own.
"""

from contextlib import ExitStack
from functools import cached_property
from pathlib import Path

from loadtests.lib.servers import Cluster, Postgres, Redis
from loadtests.lib.servers.rate_limits import NO_RATE_LIMITS
from loadtests.lib.servers.startable import Startable

# These settings let the benchmark see the plans of statements and how often each statement runs.
SETTINGS = {
    "shared_preload_libraries": "auto_explain,pg_stat_statements",
    "auto_explain.log_format": "json",
    "log_min_messages": "log",
}


class Backends(Startable):
    def __init__(self, users: int) -> None:
        """`users` is the number of users to create: as many as the run's largest step needs."""
        self.users = users
        self.postgres = Postgres(fsync=True, settings=SETTINGS)
        self.redis = Redis()
        self._stack = ExitStack()

    def start(self) -> None:
        self._stack.enter_context(self.postgres)
        self._stack.enter_context(self.redis)

    def close(self) -> None:
        self._stack.close()

    @cached_property
    def cluster(self) -> Cluster:
        """Hubbub's database, created on first use. Each step starts replicas of its own."""
        cluster = Cluster(
            replicas=0, postgres=self.postgres, redis=self.redis, environment=NO_RATE_LIMITS
        )
        return self._stack.enter_context(cluster)

    @cached_property
    def sessions(self) -> list[str]:
        """A session of each user, in the form `Cookie: …`. The first use creates the users."""
        file = Path(self.cluster.environment["DATA_DIR"]) / "sessions"
        self.cluster.manage("seed", "--yes", "--users", str(self.users), "--sessions", str(file))
        return file.read_text().splitlines()
