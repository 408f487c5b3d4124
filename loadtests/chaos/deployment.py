"""The deployment under test: nginx, web, replicas, Redis and Postgres, each on a host of its own.

Without a network of hosts, all servers listen on loopback, and no network link can be cut. Postgres
runs with fsync, as in production, and has a disk that can be filled.
"""

import asyncio
import os
from collections.abc import Mapping, Sequence
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
# The networks that clients come from. nginx sees these addresses, and a fault can affect a single
# network.
CLIENT_NETWORKS = tuple(f"{NETWORK}.{200 + number}" for number in range(3))
ENVIRONMENT = {
    "TRUSTED_PROXIES": "1",
    "PING_INTERVAL_SECONDS": str(PING_INTERVAL_SECONDS),
    "DRAIN_SECONDS": str(DRAIN_SECONDS),
    "REPLAY_MAX_EVENTS": "500",
}
POSTGRES_SETTINGS = {
    "log_min_messages": "error",
    # The disk is small, so Postgres must keep less of its write-ahead log.
    "max_wal_size": "32MB",
    "min_wal_size": "4MB",
}


class ClockedReplica(Replica):
    """A replica with a clock of its own."""

    def __init__(self, environment: Mapping[str, str], host: Host) -> None:
        super().__init__(environment, host=host)
        self.clock = Clock(self.folder / "clock")

    def environment(self) -> Mapping[str, str]:
        return {**super().environment(), **self.clock.environment}


class ChaosDeployment(Startable):
    def __init__(self, network: Network | None) -> None:
        self.network = network
        self._stack = ExitStack()
        self.clients_host = self._host("clients", CLIENT_NETWORKS)
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
        self.replicas = [ClockedReplica(self.cluster.environment, host) for host in hosts]

    def start(self) -> None:
        if isinstance(self.clients_host, NetworkHost):
            self._stack.enter_context(inside_host(self.clients_host))
            self._spread_over_networks(self.clients_host)
        self._make_disk()
        for server in self.servers:
            self._stack.callback(server.close)
        self.redis.start()
        self.postgres.start()
        self._stack.enter_context(self.cluster)
        self._write_upstreams()
        self.nginx.write_configuration(self._variables())
        for server in (self.web, *self.replicas, self.nginx):
            server.spawn()
        for server in (self.web, *self.replicas, self.nginx):
            server.wait_until_ready()

    def close(self) -> None:
        self._stack.close()

    @property
    def servers(self) -> list[Server]:
        return [self.nginx, self.web, *self.replicas, self.redis, self.postgres]

    @property
    def disk(self) -> Path | None:
        """A path to Postgres' disk that works outside its host; None if there is no network."""
        host = self.postgres.host
        return host.path(self.postgres.data) if isinstance(host, NetworkHost) else None

    def host_of(self, server: Server) -> NetworkHost:
        assert isinstance(server.host, NetworkHost), "there is no network of hosts"
        return server.host

    @property
    def switch(self) -> NetworkHost:
        assert self.network is not None, "there is no network of hosts"
        return self.network.switch

    def new_replica(self, beside: Replica) -> ClockedReplica:
        """Start a replica that will replace another one, on the same host."""
        replica = ClockedReplica(self.cluster.environment, beside.host)
        self._stack.callback(replica.close)
        replica.spawn()
        return replica

    async def use_replicas(self, replicas: Sequence[ClockedReplica]) -> None:
        """Have nginx send new connections to these replicas only."""
        self.replicas = list(replicas)
        self._write_upstreams()
        await asyncio.to_thread(self.nginx.reload)

    def _host(self, name: str, more_addresses: Sequence[str] = ()) -> Host:
        return LOOPBACK if self.network is None else self.network.host(name, more_addresses)

    def _make_disk(self) -> None:
        host = self.postgres.host
        if isinstance(host, NetworkHost) and self.postgres.user is not None:
            self.postgres.data.mkdir()
            host.mount_memory(self.postgres.data, DISK_MIB, self.postgres.user)

    def _spread_over_networks(self, host: NetworkHost) -> None:
        """Let new connections to nginx come from each of the client networks in turn."""
        count = len(CLIENT_NETWORKS)
        networks = ", ".join(f"{number} : {one}" for number, one in enumerate(CLIENT_NETWORKS))
        to_nginx = f"ip daddr {self.nginx.host.address} tcp dport {self.nginx.port}"
        rules = f"""table ip client_networks {{
            chain out {{
                type nat hook postrouting priority srcnat
                {to_nginx} snat to numgen inc mod {count} map {{ {networks} }}
            }}
        }}
        """
        host.run("nft", "-f", "-", input=rules)

    def _write_upstreams(self) -> None:
        web = [(self.web.host.address, self.web.port)]
        self.nginx.write_upstreams(web, [(one.host.address, one.port) for one in self.replicas])

    def _variables(self) -> dict[str, str]:
        return {
            "PUBLIC_URL": f"http://{self.nginx.address}",
            "LIMIT_EXEMPT": f"{NETWORK}.0/24 127.0.0.0/8",
            "WORKER_CONNECTIONS": "4096",
            "WORKER_FILES": str(min(8192, os.sysconf("SC_OPEN_MAX"))),
        }
