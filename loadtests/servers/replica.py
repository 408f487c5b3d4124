"""One Daphne process that serves pages, REST and sockets: what a deployment has N of."""

import sys
from collections.abc import Mapping
from http.client import HTTPConnection, HTTPException

from loadtests.servers.process import HOST, ROOT, Server


class Replica(Server):
    name = "replica"

    def __init__(self, environment: Mapping[str, str], *, stock: bool = False) -> None:
        """`environment` is all that it gets, but for its port: see `Place.environment`.

        `stock`: served by Daphne as it comes, without our server's frame writer, pings and drain.
        """
        super().__init__()
        self._environment = dict(environment)
        self._stock = stock

    def command(self) -> list[str]:
        if self._stock:
            daphne = ["daphne", "-v", "0", "-b", HOST, "-p", str(self.port)]
            return [sys.executable, "-m", *daphne, "hubbub.asgi:application"]
        return [sys.executable, "-m", "hubbub.realtime.server"]

    def environment(self) -> Mapping[str, str]:
        source = {"PYTHONPATH": str(ROOT / "app")}
        return source | self._environment | {"PORT": str(self.port)}

    def answers(self) -> bool:
        """Whether it answers at all: what it says depends on the database, too."""
        connection = HTTPConnection(HOST, self.port, timeout=5)
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
        return f"http://{HOST}:{self.port}"

    @property
    def ws_url(self) -> str:
        return f"ws://{HOST}:{self.port}/ws/"
