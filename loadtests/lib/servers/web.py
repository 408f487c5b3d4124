"""gunicorn with the repository's configuration: the `web` process of a deployment."""

import sys
from collections.abc import Mapping
from http.client import HTTPConnection

from loadtests.lib.servers.host import LOOPBACK, Host
from loadtests.lib.servers.process import ROOT, Server


class Web(Server):
    name = "web"

    def __init__(
        self, environment: Mapping[str, str], *options: str, host: Host = LOOPBACK
    ) -> None:
        """`environment` is gunicorn's complete environment, except for its address.

        `options` are additional command-line options of gunicorn.
        """
        super().__init__(host)
        self._environment, self._options = dict(environment), options

    def command(self) -> list[str]:
        configuration = str(ROOT / "deploy/gunicorn.conf.py")
        return [sys.executable, "-m", "gunicorn", "-c", configuration, *self._options]

    def environment(self) -> Mapping[str, str]:
        own = {"BIND": self.host.address, "PORT": str(self.port), "TMPDIR": str(self.folder)}
        return self._environment | own

    def answers(self) -> bool:
        connection = HTTPConnection(self.host.address, self.port, timeout=5)
        try:
            connection.request("GET", "/readyz")
            return connection.getresponse().status == 200
        finally:
            connection.close()
