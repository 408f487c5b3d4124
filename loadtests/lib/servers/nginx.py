"""nginx with the repository's templates, in front of the servers of tests and fault tests.

Call `write_upstreams` and `write_configuration` before `start`; after either, `reload` applies it.
"""

import signal
import subprocess
import time
from collections.abc import Iterable, Mapping
from pathlib import Path

from loadtests.lib.servers.host import LOOPBACK, Host
from loadtests.lib.servers.process import ROOT, Server, ServerError
from scripts.stack import templates
from scripts.stack.certificate import make_certificate
from scripts.stack.nginx import Address, active_workers, write_upstreams
from scripts.stack.ports import free_port
from scripts.stack.programs import find_program, is_root

TEMPLATES = ROOT / "deploy/nginx"
RELOAD_SECONDS = 10.0


class Nginx(Server):
    name = "nginx"
    end_signal = signal.SIGTERM  # the nginx workers would outlive a master that is killed

    def __init__(self, host: Host = LOOPBACK) -> None:
        super().__init__(host)
        self.tls_port = free_port()

    def write_configuration(self, variables: Mapping[str, str]) -> None:
        """Write nginx's configuration. `variables` override the defaults."""
        (self.folder / "run").mkdir(exist_ok=True)
        templates.render(TEMPLATES, self.folder / "conf", self._defaults() | self._tls(variables))

    def write_upstreams(self, web: Iterable[Address], realtime: Iterable[Address]) -> None:
        write_upstreams(self._list, web, realtime)

    def command(self) -> list[str]:
        return self._command("daemon off;")

    def reload(self) -> set[int]:
        """Reload the configuration. Return the old nginx workers.

        They keep their open connections and accept no new ones. Raises ServerError if no new nginx
        workers start.
        """
        old = active_workers(self.pid)
        self.send(signal.SIGHUP)
        deadline = time.monotonic() + RELOAD_SECONDS
        while old & active_workers(self.pid) or not active_workers(self.pid):
            if time.monotonic() > deadline:
                raise ServerError(f"nginx did not reload. Its log ends:\n{self.tail()}")
            time.sleep(0.02)
        return old

    def test(self) -> str:
        """Return the errors that nginx finds in its configuration; empty if there are none."""
        done = subprocess.run([*self._command(), "-t", "-q"], capture_output=True, text=True)
        return done.stderr if done.returncode else ""

    @property
    def _list(self) -> Path:
        return self.folder / "upstreams.conf"

    def _defaults(self) -> dict[str, str]:
        return {
            "LISTEN": self.address,
            "LISTEN_TLS": f"{self.host.address}:{self.tls_port}",
            "UPSTREAMS": "list",
            "UPSTREAM_LIST": str(self._list),
            "RUN_DIR": str(self.folder / "run"),
            "PAGES_DIR": str(TEMPLATES / "pages"),
            "ACCESS_LOG": str(self.folder / "access.log"),
            "ERROR_LOG": str(self.folder / "error.log"),
            "PUBLIC_URL": f"https://{self.host.address}:{self.tls_port}",
            "WORKER_PROCESSES": "1",
            "WORKER_CONNECTIONS": "512",
            "WORKER_FILES": "1024",
        }

    def _tls(self, variables: Mapping[str, str]) -> dict[str, str]:
        if variables.get("SERVER") != "tls":
            return dict(variables)
        certificate, key = make_certificate(self.folder)
        return {"TLS_CERTIFICATE": str(certificate), "TLS_KEY": str(key), **variables}

    def _command(self, directives: str = "") -> list[str]:
        binary = find_program("nginx")
        if binary is None:
            raise ServerError("nginx is not installed here: `make test-stack` brings it.")
        directives += "user root;" if is_root() else ""
        configuration = str(self.folder / "conf/nginx.conf")
        where = ["-p", str(self.folder), "-c", configuration, "-e", "stderr"]
        return [binary, *where, "-g", directives]
