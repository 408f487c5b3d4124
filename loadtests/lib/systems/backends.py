"""The servers that all peers share: Postgres with fsync, Redis, and Hubbub's seeded place.

Started once for a run of the benchmark. The peers come and go; what they leave in the databases is
theirs alone.
"""

from contextlib import ExitStack
from functools import cached_property
from pathlib import Path

from loadtests.lib.servers import Cluster, Postgres, Redis
from loadtests.lib.servers.rate_limits import NO_RATE_LIMITS
from loadtests.lib.servers.startable import Startable

# Plans of statements, as history.py reads them from the log; and how often each was run.
SETTINGS = {
    "shared_preload_libraries": "auto_explain,pg_stat_statements",
    "auto_explain.log_format": "json",
    "log_min_messages": "log",
}


class Servers(Startable):
    def __init__(self, people: int) -> None:
        """`people` is the size of Hubbub's crowd: the most that any part of the run needs."""
        self.people = people
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
        """Hubbub's place without replicas, which each part starts for itself."""
        cluster = Cluster(
            replicas=0, postgres=self.postgres, redis=self.redis, environment=NO_RATE_LIMITS
        )
        return self._stack.enter_context(cluster)

    @cached_property
    def identities(self) -> list[str]:
        """A signed-in session of each of the crowd, as a line `Cookie: …`."""
        file = Path(self.cluster.environment["DATA_DIR"]) / "sessions"
        self.cluster.manage("seed", "--yes", "--users", str(self.people), "--sessions", str(file))
        return file.read_text().splitlines()
