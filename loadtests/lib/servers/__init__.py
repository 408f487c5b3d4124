"""The servers that tests and benchmarks start on this machine, and clusters of them.

All servers listen on free loopback ports, keep their files in a temporary folder, are context
managers, and exit with the process that started them, even if that process is killed.
"""

from loadtests.lib.servers.cluster import Cluster
from loadtests.lib.servers.postgres import Postgres
from loadtests.lib.servers.process import ServerError
from loadtests.lib.servers.redis import Redis
from loadtests.lib.servers.replica import Replica

__all__ = ["Cluster", "Postgres", "Redis", "Replica", "ServerError"]
