"""The stack's nginx: its configuration, the list of upstream servers, and reloads.

The list is replaced in one step, then nginx reloads: old nginx workers keep their connections, and
new ones accept new connections. An invalid configuration is rejected before the reload.
"""

import os
import resource
import shutil
import signal
import subprocess
from collections.abc import Iterable
from contextlib import suppress
from functools import partial
from pathlib import Path
from typing import TypeAlias

from scripts.stack import templates
from scripts.stack.certificate import make_certificate
from scripts.stack.errors import StackError
from scripts.stack.options import Options, url_host
from scripts.stack.probes import HOST, http_ok, until
from scripts.stack.process import Program
from scripts.stack.programs import find_program, is_root
from scripts.stack.state_directory import StateDirectory
from scripts.stack.supervised_service import Service

Address: TypeAlias = tuple[str, int]

RELOAD_SECONDS = 30.0
MAX_FILES = 32_768
# Template variables that the environment can override.
SHELL_VARIABLES = (
    *("LIMIT_EXEMPT", "SIGN_IN_RATE", "SIGN_IN_BURST", "HANDSHAKE_RATE", "HANDSHAKE_BURST"),
    *("SOCKETS_PER_ADDRESS", "BODY_SIZE", "SOCKET_TIMEOUT", "WORKER_SHUTDOWN", "REAL_IP_FROM"),
)


class Nginx:
    def __init__(self, options: Options, state: StateDirectory) -> None:
        self._options = options
        self._path = state / "nginx"
        self._list = self._path / "upstreams.conf"
        self._configuration = self._path / "conf"
        self._previous = self._path / "conf.old"

    def write_configuration(self, root: Path) -> None:
        """Render the templates of the code in `root`. The upstream list must already exist.

        Raises StackError if nginx rejects the result, and OSError if there are no templates. The
        old configuration then stays.
        """
        (self._path / "run").mkdir(exist_ok=True)
        new = self._path / "conf.new"
        for leftover in (new, self._previous):
            shutil.rmtree(leftover, ignore_errors=True)
        templates.render(root / "deploy/nginx", new, self._variables(root))
        self._ensure_valid(new)
        if self._configuration.exists():
            self._configuration.rename(self._previous)
        new.rename(self._configuration)

    def restore_configuration(self) -> None:
        """Undo the last `write_configuration`, if it replaced anything."""
        if self._previous.exists():
            shutil.rmtree(self._configuration)
            self._previous.rename(self._configuration)

    def write_list(self, web: Iterable[int], realtime: Iterable[int]) -> None:
        """Write the ports of the upstream servers. The next start or reload of nginx uses them."""
        self._path.mkdir(exist_ok=True)
        write_upstreams(self._list, _local(web), _local(realtime))

    def program(self) -> Program:
        return Program(
            command=[
                *self._command(self._configuration),
                *("-g", " ".join(["daemon off;", *directives()])),
            ],
            environment={"PATH": os.environ.get("PATH", "")},
            cwd=self._path,
            is_ready=partial(http_ok, self._options.port, "/healthz", self._options.local_address),
            # A graceful stop: nginx keeps open connections until their replicas have drained them.
            stop_signal=signal.SIGQUIT,
        )

    async def reload(self, service: Service) -> None:
        """Reload nginx. Return once no old nginx worker accepts connections.

        Raises StackError if the old nginx workers do not exit; nginx's log says why.
        """
        self._ensure_valid(self._configuration)
        old = active_workers(service.pid)
        service.send_signal(signal.SIGHUP)
        if not await until(lambda: not old & active_workers(service.pid), RELOAD_SECONDS):
            raise StackError(f"nginx did not reload within {RELOAD_SECONDS:g} s.")

    def _variables(self, root: Path) -> dict[str, str]:
        options = self._options
        variables = {
            "LISTEN": f"{url_host(options.bind)}:{options.port}",
            "UPSTREAMS": "list",
            "UPSTREAM_LIST": str(self._list),
            "PUBLIC_URL": options.public_url,
            "LIMIT_EXEMPT": "127.0.0.0/8 ::1",
            "RUN_DIR": str(self._path / "run"),
            "PAGES_DIR": str(root / "deploy/nginx/pages"),
            "WORKER_PROCESSES": "2",
            **worker_limits(),
        }
        if options.tls_port:
            certificate, key = make_certificate(self._path / "tls")
            variables |= {
                "SERVER": "tls",
                "LISTEN_TLS": f"{url_host(options.bind)}:{options.tls_port}",
                "TLS_CERTIFICATE": str(certificate),
                "TLS_KEY": str(key),
            }
        shell = {name: os.environ[name] for name in SHELL_VARIABLES if name in os.environ}
        return variables | shell

    def _command(self, configuration: Path) -> list[str]:
        binary = find_program("nginx")
        assert binary is not None
        file = str(configuration / "nginx.conf")
        return [binary, "-p", str(self._path), "-c", file, "-e", "stderr"]

    def _ensure_valid(self, configuration: Path) -> None:
        extra = ["-g", " ".join(directives())] if directives() else []
        result = subprocess.run(
            [*self._command(configuration), *extra, "-t", "-q"], capture_output=True, text=True
        )
        if result.returncode:
            raise StackError(f"nginx rejects its configuration:\n{result.stderr}")


def active_workers(master: int | None) -> set[int]:
    """Return the pids of the nginx workers that accept connections, or none without /proc."""
    workers = set[int]()
    with suppress(OSError):
        children = Path(f"/proc/{master}/task/{master}/children").read_text().split()
        for child in children:
            with suppress(OSError):
                title = Path(f"/proc/{child}/cmdline").read_text().rstrip("\0 ")
                if title == "nginx: worker process":
                    workers.add(int(child))
    return workers


def directives() -> list[str]:
    """Return the directives for the command line of every nginx that we start."""
    # As another user, nginx workers could not read a checkout in a home directory of mode 700.
    return ["user root;"] if is_root() else []


def worker_limits() -> dict[str, str]:
    """Return the highest limits that this machine allows. A proxied connection needs two files."""
    _, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    files = min(hard, MAX_FILES) if hard != resource.RLIM_INFINITY else MAX_FILES
    return {"WORKER_FILES": str(files), "WORKER_CONNECTIONS": str(files // 2)}


def write_upstreams(path: Path, web: Iterable[Address], realtime: Iterable[Address]) -> None:
    """Replace the list of upstream servers (host and port) in one step."""
    new = path.with_suffix(".new")
    new.write_text(_upstream("web_list", web) + _upstream("realtime_list", realtime))
    new.replace(path)


def _upstream(name: str, addresses: Iterable[Address]) -> str:
    servers = "".join(f"    server {host}:{port} max_fails=0;\n" for host, port in addresses)
    return f"upstream {name} {{\n    zone {name} 128k;\n{servers}}}\n\n"


def _local(ports: Iterable[int]) -> list[Address]:
    return [(HOST, port) for port in ports]
