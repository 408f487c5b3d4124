"""What faults are done to: nginx, web, replicas, Redis and Postgres, each on a host of its own.

Without a net all of them are on loopback: the same servers, and no link to cut. Postgres has a disk
that can be filled, and fsync as a deployment has. `replace` is a rolling deploy.
"""

import asyncio
import os
from collections.abc import Sequence
from contextlib import ExitStack
from pathlib import Path

from loadtests.chaos.clock import Clock
from loadtests.chaos.network import NETWORK, Network, NetworkHost, inside_host
from loadtests.lib.servers import Cluster, Postgres, Redis, Replica
from loadtests.lib.servers.host import LOOPBACK, Host
from loadtests.lib.servers.nginx import Nginx
from loadtests.lib.servers.process import Server
from loadtests.lib.servers.startable import Startable
from loadtests.lib.servers.web import Web

REPLICAS = 3
PING_INTERVAL_SECONDS = 5
DRAIN_SECONDS = 2
DISK_MIB = 256
# The networks that people come from: nginx sees these addresses, and faults single one out.
HOMES = tuple(f"{NETWORK}.{200 + number}" for number in range(3))
ENVIRONMENT = {
    "TRUSTED_PROXIES": "1",
    "PING_INTERVAL_SECONDS": str(PING_INTERVAL_SECONDS),
    "DRAIN_SECONDS": str(DRAIN_SECONDS),
    "REPLAY_MAX_EVENTS": "500",
}
POSTGRES_SETTINGS = {
    "log_min_messages": "error",
    # The disk is small: what Postgres keeps of its log must be smaller.
    "max_wal_size": "32MB",
    "min_wal_size": "4MB",
}


class Deployment(Startable):
    def __init__(self, net: Network | None) -> None:
        self.net = net
        self._ends = ExitStack()
        self._clock = Clock()
        self._clocks: dict[Replica, str] = {}  # names
        self.operator = self._host("clients", HOMES)
        self.nginx = Nginx(self._host("nginx"))
        self.redis = Redis(self._host("redis"))
        self.postgres = Postgres(
            fsync=True, wal_segment_mib=1, settings=POSTGRES_SETTINGS, host=self._host("postgres")
        )
        url = {"PUBLIC_URL": f"http://{self.nginx.address}"}
        environment = ENVIRONMENT | url
        self.cluster = Cluster(
            replicas=0, postgres=self.postgres, redis=self.redis, environment=environment
        )
        self.web = Web(self.cluster.environment, host=self._host("web"))
        hosts = [self._host(f"replica-{number + 1}") for number in range(REPLICAS)]
        self.replicas = [self._replica(host) for host in hosts]

    def start(self) -> None:
        self._ends.callback(self._clock.close)
        if isinstance(self.operator, NetworkHost):
            self._ends.enter_context(inside_host(self.operator))
            self._spread_over_homes(self.operator)
        self._make_disk()
        for server in self.servers:
            self._ends.callback(server.close)
        self.redis.start()
        self.postgres.start()
        self._ends.enter_context(self.cluster)
        self._write_list()
        self.nginx.write_configuration(self._variables())
        for server in (self.web, *self.replicas, self.nginx):
            server.spawn()
        for server in (self.web, *self.replicas, self.nginx):
            server.wait_until_ready()

    def close(self) -> None:
        self._ends.close()

    @property
    def servers(self) -> list[Server]:
        return [self.nginx, self.web, *self.replicas, self.redis, self.postgres]

    @property
    def disk(self) -> Path | None:
        """Postgres' disk as everybody reaches it; None where it has none of its own."""
        host = self.postgres.host
        return host.path(self.postgres.data) if isinstance(host, NetworkHost) else None

    def host_of(self, server: Server) -> NetworkHost:
        assert isinstance(server.host, NetworkHost), "there is no net"
        return server.host

    def new_replica(self, beside: Replica) -> Replica:
        """Start what will take another's place, on the same host."""
        replica = self._replica(beside.host)
        self._ends.callback(replica.close)
        replica.spawn()
        return replica

    def set_clock(self, replica: Replica, seconds: int) -> None:
        """Have its clock be so many seconds ahead (or behind) from now on."""
        self._clock.set(self._clocks[replica], seconds)

    async def serve(self, replicas: Sequence[Replica]) -> None:
        """Have nginx choose among these from now on."""
        self.replicas = list(replicas)
        self._write_list()
        await asyncio.to_thread(self.nginx.reload)

    def _replica(self, host: Host) -> Replica:
        name = f"replica-{len(self._clocks) + 1}"
        replica = Replica(self.cluster.environment | self._clock.environment(name), host=host)
        self._clocks[replica] = name
        return replica

    def _host(self, name: str, more: Sequence[str] = ()) -> Host:
        return self.net.host(name, more) if self.net is not None else LOOPBACK

    def _make_disk(self) -> None:
        host = self.postgres.host
        if isinstance(host, NetworkHost) and self.postgres.user is not None:
            self.postgres.data.mkdir()
            host.mount_memory(self.postgres.data, DISK_MIB, self.postgres.user)

    def _spread_over_homes(self, host: NetworkHost) -> None:
        """Have each connection to nginx come from the next of the homes."""
        homes = ", ".join(f"{number} : {home}" for number, home in enumerate(HOMES))
        to_nginx = f"ip daddr {self.nginx.host.address} tcp dport {self.nginx.port}"
        rules = f"""table ip homes {{
            chain out {{
                type nat hook postrouting priority srcnat
                {to_nginx} snat to numgen inc mod {len(HOMES)} map {{ {homes} }}
            }}
        }}
        """
        host.run("nft", "-f", "-", input=rules)

    def _write_list(self) -> None:
        web = [(self.web.host.address, self.web.port)]
        self.nginx.write_upstreams(web, [(one.host.address, one.port) for one in self.replicas])

    def _variables(self) -> dict[str, str]:
        return {
            "PUBLIC_URL": f"http://{self.nginx.address}",
            "LIMIT_EXEMPT": f"{NETWORK}.0/24 127.0.0.0/8",
            "WORKER_CONNECTIONS": "4096",
            "WORKER_FILES": str(min(8192, os.sysconf("SC_OPEN_MAX"))),
        }
