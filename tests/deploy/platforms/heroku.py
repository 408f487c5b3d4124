"""A simulated Heroku app: add-ons with TLS, and dynos.

A dyno runs the Procfile's command after `.profile`, with exactly the variables that the platform,
its add-ons and its Python buildpack set, plus BIND for loopback.
"""

import re
import secrets
import shlex
import shutil
import signal
import socket
import ssl
import subprocess
import sys
from collections.abc import Mapping
from http.client import HTTPConnection
from pathlib import Path
from typing import Any

import psutil

from loadtests.lib.servers import Postgres, Redis
from loadtests.lib.servers.cluster import collected_static_files
from loadtests.lib.servers.process import HOST, ROOT, Server, ServerError
from loadtests.lib.servers.startable import Startable
from scripts.stack.certificate import make_certificate

# The limits of the smallest plans that suffice for two dynos: `essential-2` and `mini`.
POSTGRES_CONNECTIONS, REDIS_CONNECTIONS = 40, 20
KILL_SECONDS = 30  # from SIGTERM to SIGKILL
PROFILE = '. "$HOME/.profile" && exec bash -c "$0"'


class HerokuPostgres(Postgres):
    """A Postgres that offers TLS, and allows as few connections as a small plan."""

    def __init__(self) -> None:
        super().__init__(settings={"ssl": "on", "max_connections": f"{POSTGRES_CONNECTIONS + 3}"})
        files = make_certificate(self.folder / "tls")
        for path in (self.folder / "tls", *files):
            if self.user is not None:
                shutil.chown(path, self.user, self.user)
        names = ("ssl_cert_file", "ssl_key_file")
        self.settings |= {name: str(file) for name, file in zip(names, files, strict=True)}


class HerokuRedis(Redis):
    """A Redis that requires TLS, has a self-signed certificate, and closes idle connections."""

    def __init__(self) -> None:
        super().__init__()
        self._password = secrets.token_hex(16)

    def command(self) -> list[str]:
        certificate, key = make_certificate(self.folder / "tls")
        binary, *options = super().command()
        options[options.index("--port") + 1] = "0"
        return [
            *(binary, *options, "--tls-port", str(self.port), "--tls-auth-clients", "no"),
            *("--tls-cert-file", str(certificate), "--tls-key-file", str(key)),
            *("--requirepass", self._password, "--maxclients", str(REDIS_CONNECTIONS)),
            *("--timeout", "3"),  # the timeout on Heroku is 300
        ]

    def answers(self) -> bool:
        return self.ask("PING") == "+PONG"

    def ask(self, command: str) -> str:
        unverified = ssl.create_default_context()
        unverified.check_hostname, unverified.verify_mode = False, ssl.CERT_NONE
        with (
            socket.create_connection((HOST, self.port), timeout=5) as raw,
            unverified.wrap_socket(raw) as connection,
        ):
            connection.sendall(f"AUTH {self._password}\r\n".encode())
            connection.recv(64)
            connection.sendall(f"{command}\r\n".encode())
            return connection.recv(64).decode().strip()

    def url(self, database: int = 0) -> str:
        return f"rediss://:{self._password}@{HOST}:{self.port}"


class Dyno(Server):
    name = "dyno"
    end_signal = signal.SIGTERM

    def __init__(self, app: "HerokuApp", **config: str) -> None:
        super().__init__()
        self._app, self._config = app, config

    @property
    def address(self) -> str:
        return f"{HOST}:{self.port}"

    def command(self) -> list[str]:
        return ["bash", "-c", PROFILE, f"exec {procfile()['web']}"]

    def environment(self) -> Mapping[str, str]:
        own = {"DYNO": "web.1", "PORT": str(self.port), "BIND": HOST}
        return self._app.environment | own | self._config

    def answers(self) -> bool:
        return self.get("/healthz")[0] == 200

    def get(self, path: str, **headers: str) -> tuple[int, str]:
        """Return the response's status and text. In the names of `headers`, `_` stands for `-`."""
        connection = HTTPConnection(HOST, self.port, timeout=10)
        try:
            named = {name.replace("_", "-"): text for name, text in headers.items()}
            connection.request("GET", path, headers=named)
            answer = connection.getresponse()
            return answer.status, answer.read().decode()
        finally:
            connection.close()

    def processes(self) -> list[psutil.Process]:
        """Return all processes of the dyno, the most recently started first."""
        parent = psutil.Process(self.pid)
        return [*reversed(parent.children(recursive=True)), parent]

    def connections(self, server: Server) -> int:
        """Return how many connections the dyno's processes have to a server."""
        return sum(
            connection.status == psutil.CONN_ESTABLISHED and connection.raddr.port == server.port
            for process in self.processes()
            for connection in process.net_connections("tcp")
        )

    def part(self, word: str) -> psutil.Process:
        """Return the dyno's direct child whose command contains this word."""
        return next(
            child
            for child in psutil.Process(self.pid).children()
            if any(word in part for part in child.cmdline())
        )

    def replica(self) -> Any:
        """Return the address of the dyno's replica, which nginx connects to."""
        [listener] = [
            connection.laddr
            for connection in self.part("hubbub.realtime.server").net_connections("tcp")
            if connection.status == psutil.CONN_LISTEN
        ]
        return listener

    def terminate_all(self) -> None:
        """Send SIGTERM to every process of the dyno at once, as Heroku does.

        The parent receives it last, when some of its children have already exited.
        """
        for process in self.processes():
            process.send_signal(signal.SIGTERM)

    def status(self, within: float) -> int:
        """Wait until the dyno exits. Return its exit status."""
        assert self._process is not None
        return self._process.wait(within)


class HerokuApp(Startable):
    """An app with its add-ons and config vars. `dynos` are the dynos that clients connect to."""

    def __init__(self) -> None:
        self.postgres, self.redis = HerokuPostgres(), HerokuRedis()
        self.dynos: list[Dyno] = []
        self.config: dict[str, str] = {}
        self.port = 0  # the port of the first dyno

    def start(self) -> None:
        self.postgres.start()
        self.redis.start()
        self.config = {
            "SECRET_KEY": secrets.token_hex(32),
            "DATABASE_URL": self.postgres.url(),
            "REDIS_URL": self.redis.url(),
        }

    def close(self) -> None:
        for server in (*self.dynos, self.redis, self.postgres):
            server.close()

    @property
    def environment(self) -> dict[str, str]:
        """The environment that the platform, the Python buildpack and the config vars set."""
        python = str(Path(sys.executable).parent)
        return {
            "HOME": str(ROOT),
            "PATH": f"{python}:/usr/local/bin:/usr/bin:/bin",
            "LANG": "en_US.UTF-8",
            "PYTHONUNBUFFERED": "true",
            "PYTHONPATH": str(ROOT),
            "WEB_CONCURRENCY": "2",
            "FORWARDED_ALLOW_IPS": "*",
            "GUNICORN_CMD_ARGS": "--access-logfile -",
            # On Heroku, the buildpack collects them into the slug.
            "STATIC_ROOT": collected_static_files(),
            **self.config,
        }

    @property
    def address(self) -> str:
        return f"{HOST}:{self.port}"

    def variable(self, name: str) -> str:
        return self.config[name]

    def add_dyno(self, **config: str) -> Dyno:
        dyno = Dyno(self, **config)
        self.dynos.append(dyno)
        self.port = self.dynos[0].port
        return dyno.start()

    def release(self) -> str:
        return self.run(procfile()["release"])

    def manage(self, *arguments: str, input: str | None = None) -> str:
        return self.run("python app/manage.py", *arguments, input=input)

    def run(self, command: str, *arguments: str, input: str | None = None) -> str:
        """Run a command as `heroku run` does. Return its output."""
        done = subprocess.run(
            ["bash", "-c", PROFILE, " ".join([command, shlex.join(arguments)])],
            cwd=ROOT,
            env=self.environment | {"DYNO": "run.1"},
            input=input,
            capture_output=True,
            text=True,
        )
        if done.returncode:
            raise ServerError(f"`{command}` failed:\n{done.stdout}{done.stderr}")
        return done.stdout


def procfile() -> dict[str, str]:
    lines = (ROOT / "Procfile").read_text().splitlines()
    return dict(re.fullmatch(r"(\w+): (.+)", line).groups() for line in lines)  # type: ignore[union-attr, misc]
