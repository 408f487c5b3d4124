"""gunicorn with the repository's configuration: what a deployment's `web` runs."""

import sys
from collections.abc import Mapping
from http.client import HTTPConnection

from loadtests.servers.process import HOST, ROOT, Server


class Web(Server):
    name = "web"

    def __init__(self, environment: Mapping[str, str], *options: str) -> None:
        """`environment` is all that it gets, but for its port; `options` are gunicorn's own."""
        super().__init__()
        self._environment, self._options = dict(environment), options

    def command(self) -> list[str]:
        configuration = str(ROOT / "deploy/gunicorn.conf.py")
        return [sys.executable, "-m", "gunicorn", "-c", configuration, *self._options]

    def environment(self) -> Mapping[str, str]:
        return self._environment | {"PORT": str(self.port), "TMPDIR": str(self.folder)}

    def answers(self) -> bool:
        connection = HTTPConnection(HOST, self.port, timeout=5)
        try:
            connection.request("GET", "/readyz")
            return connection.getresponse().status == 200
        finally:
            connection.close()
