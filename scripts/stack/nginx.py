"""The stack's nginx: its configuration, the list of what is behind it, and reloads.

The list is written whole and followed by a reload: workers that have sockets keep them, new ones
take what comes. A configuration that nginx would not take is refused before the reload.
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

from scripts.stack import templates
from scripts.stack.certificate import make_certificate
from scripts.stack.errors import StackError
from scripts.stack.options import Options, in_url
from scripts.stack.probes import HOST, http_ok, until
from scripts.stack.programs import find_program, is_root
from scripts.stack.service import Program, Service
from scripts.stack.state_directory import StateDirectory

RELOAD_SECONDS = 30.0
MOST_FILES = 32_768
CHOSEN_BY_SHELL = (
    *("LIMIT_EXEMPT", "SIGN_IN_RATE", "SIGN_IN_BURST", "HANDSHAKE_RATE", "HANDSHAKE_BURST"),
    *("SOCKETS_PER_ADDRESS", "BODY_SIZE", "SOCKET_TIMEOUT", "WORKER_SHUTDOWN", "REAL_IP_FROM"),
)


class Nginx:
    def __init__(self, options: Options, folder: StateDirectory) -> None:
        self._options = options
        self._folder = folder / "nginx"
        self._list = self._folder / "upstreams.conf"
        self._configuration = self._folder / "conf"
        self._before = self._folder / "conf.old"

    def write_configuration(self, root: Path) -> None:
        """Fill the templates of the version in `root`; the list has to be there.

        Raises StackError when nginx does not take it, and OSError when there are no templates; then
        the configuration is the one from before.
        """
        (self._folder / "run").mkdir(exist_ok=True)
        made = self._folder / "conf.new"
        for leftover in (made, self._before):
            shutil.rmtree(leftover, ignore_errors=True)
        templates.render(root / "deploy/nginx", made, self._variables(root))
        self._ensure_right(made)
        if self._configuration.exists():
            self._configuration.rename(self._before)
        made.rename(self._configuration)

    def put_configuration_back(self) -> None:
        """Undo the last `write_configuration`, if it wrote one."""
        if self._before.exists():
            shutil.rmtree(self._configuration)
            self._before.rename(self._configuration)

    def write_list(self, web: Iterable[int], realtime: Iterable[int]) -> None:
        """Write which ports it chooses among, from its next start or reload on."""
        self._folder.mkdir(exist_ok=True)
        text = upstreams(web, realtime)
        made = self._list.with_suffix(".new")
        made.write_text(text)
        made.replace(self._list)

    def program(self) -> Program:
        return Program(
            command=[
                *self._command(self._configuration),
                *("-g", " ".join(["daemon off;", *directives()])),
            ],
            environment={"PATH": os.environ.get("PATH", "")},
            folder=self._folder,
            answers=partial(http_ok, self._options.port, "/healthz", self._options.reached_at),
            stop_signal=signal.SIGQUIT,  # sockets stay until their replicas have sent them away
        )

    async def reload(self, service: Service) -> None:
        """Have it read everything again; returns when no old worker takes connections any more.

        Raises StackError when it keeps the old ones: what it says in its log is why.
        """
        self._ensure_right(self._configuration)
        old = active_workers(service.pid)
        service.send(signal.SIGHUP)
        if not await until(lambda: not old & active_workers(service.pid), RELOAD_SECONDS):
            raise StackError(f"nginx did not read its list again within {RELOAD_SECONDS:g} s.")

    def _variables(self, root: Path) -> dict[str, str]:
        options = self._options
        variables = {
            "LISTEN": f"{in_url(options.bind)}:{options.port}",
            "UPSTREAMS": "list",
            "UPSTREAM_LIST": str(self._list),
            "PUBLIC_URL": options.public_url,
            "LIMIT_EXEMPT": "127.0.0.0/8 ::1",
            "RUN_DIR": str(self._folder / "run"),
            "PAGES_DIR": str(root / "deploy/nginx/pages"),
            "WORKER_PROCESSES": "2",
            **sizes(),
        }
        if options.tls_port:
            certificate, key = make_certificate(self._folder / "tls")
            variables |= {
                "SERVER": "tls",
                "LISTEN_TLS": f"{in_url(options.bind)}:{options.tls_port}",
                "TLS_CERTIFICATE": str(certificate),
                "TLS_KEY": str(key),
            }
        return variables | {
            name: os.environ[name] for name in CHOSEN_BY_SHELL if name in os.environ
        }

    def _command(self, configuration: Path) -> list[str]:
        binary = find_program("nginx")
        assert binary is not None
        file = str(configuration / "nginx.conf")
        return [binary, "-p", str(self._folder), "-c", file, "-e", "stderr"]

    def _ensure_right(self, configuration: Path) -> None:
        more = ["-g", " ".join(directives())] if directives() else []
        tested = subprocess.run(
            [*self._command(configuration), *more, "-t", "-q"], capture_output=True, text=True
        )
        if tested.returncode:
            raise StackError(f"nginx does not take its configuration:\n{tested.stderr}")


def active_workers(master: int | None) -> set[int]:
    """Return the workers that take connections; on systems without /proc, none."""
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
    """Return what nginx is told on its command line, wherever we start it."""
    # Workers of another user could not read a checkout in a home folder of mode 700.
    return ["user root;"] if is_root() else []


def sizes() -> dict[str, str]:
    """As many sockets as this machine lets a process have: each takes two files."""
    _, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    files = min(hard, MOST_FILES) if hard != resource.RLIM_INFINITY else MOST_FILES
    return {"WORKER_FILES": str(files), "WORKER_CONNECTIONS": str(files // 2)}


def upstreams(web: Iterable[int], realtime: Iterable[int]) -> str:
    """Return the list of what is behind nginx, by ports of this machine."""
    return _upstream("web_list", web) + _upstream("realtime_list", realtime)


def _upstream(name: str, ports: Iterable[int]) -> str:
    servers = "".join(f"    server {HOST}:{port} max_fails=0;\n" for port in ports)
    return f"upstream {name} {{\n    zone {name} 128k;\n{servers}}}\n\n"
