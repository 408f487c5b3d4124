"""One replica: a Daphne process that serves pages, REST and WebSockets."""

import sys
from collections.abc import Mapping
from http.client import HTTPConnection, HTTPException

from loadtests.lib.servers.host import LOOPBACK, Host
from loadtests.lib.servers.process import ROOT, Server


class Replica(Server):
    name = "replica"
    forkable = True

    def __init__(
        self, environment: Mapping[str, str], *, stock: bool = False, host: Host = LOOPBACK
    ) -> None:
        """`environment` is the replica's complete environment, except for its address.

        See `Cluster.environment`. With `stock`, the replica is served by plain Daphne, without our
        server's direct transport, pings and drain.
        """
        super().__init__(host)
        self._environment = dict(environment)
        self._stock = stock

    def command(self) -> list[str]:
        if self._stock:
            daphne = ["daphne", "-v", "0", "-b", self.host.address, "-p", str(self.port)]
            return [sys.executable, "-m", *daphne, "hubbub.asgi:application"]
        return [sys.executable, "-m", "hubbub.realtime.server"]

    def environment(self) -> Mapping[str, str]:
        source = {"PYTHONPATH": str(ROOT / "app")}
        own = {"BIND": self.host.address, "PORT": str(self.port)}
        return source | self._environment | own

    def answers(self) -> bool:
        """Return whether the replica answers.

        Any status counts, because the status also depends on the database.
        """
        connection = HTTPConnection(self.host.address, self.port, timeout=5)
        try:
            connection.request("HEAD", "/healthz")
            connection.getresponse()
        except HTTPException:
            return False
        finally:
            connection.close()
        return True

    @property
    def http_url(self) -> str:
        return f"http://{self.address}"
