"""Runs docker-compose.yml from a directory with the files of a fresh clone.

The directory's `.env` overrides the defaults, as an operator's own `.env` would. The tests reach
the containers by their addresses, and run manage.py on this machine.
"""

import json
import os
import shutil
import subprocess
from collections.abc import Sequence
from http.client import HTTPConnection
from pathlib import Path
from tempfile import mkdtemp
from typing import Any
from urllib.parse import urlsplit, urlunsplit

from loadtests.lib.servers import cluster
from loadtests.lib.servers.process import HOST, ROOT
from loadtests.lib.servers.stack import wait_until
from loadtests.lib.servers.startable import Startable
from scripts.stack.ports import free_port
from tests.deploy.platforms.engine import Engine, call, checked

START_SECONDS = 120
PUBLIC_IMAGES = ("nginx:1.28", "postgres:17", "redis:8")
SECRETS = {name: f"app/{name.lower()}" for name in ("SECRET_KEY", "DATABASE_URL", "REDIS_URL")}


class Composition(Startable):
    def __init__(
        self, engine: Engine, image: str, files: Sequence[str] = (), **environment: str
    ) -> None:
        self.engine = engine
        self.folder = Path(mkdtemp(prefix="hubbub-compose-"))
        self.project = self.folder.name.replace("_", "")
        self.files = ("docker-compose.yml", *files)
        self.port = free_port()
        self.environment = {
            "HUBBUB_IMAGE": image,
            "PORT": str(self.port),
            "PUBLIC_URL": f"http://{HOST}:{self.port}",
            **environment,
        }
        for name in self.files:
            shutil.copy(ROOT / name, self.folder)
        shutil.copytree(ROOT / "deploy/nginx", self.folder / "deploy/nginx")
        lines = [f"{name}={value}\n" for name, value in self.environment.items()]
        (self.folder / ".env").write_text("".join(lines))

    def start(self) -> None:
        """Start the composition. Return once all its processes are ready."""
        self.engine.need(*PUBLIC_IMAGES)
        self.up()
        wait_until(self.serves, START_SECONDS)

    @property
    def address(self) -> str:
        return f"{HOST}:{self.port}"

    def up(self) -> None:
        """Start what is not running. With podman, start everything at once, as after a reboot.

        podman 4.3 cannot start a container that depends on an exited one, such as `migrate`.
        """
        all_at_once = ["--no-deps"] if self.engine.name == "podman" else []
        self.compose("up", "-d", *all_at_once)

    def down(self) -> None:
        self.compose("--profile", "load", "down", "--volumes")

    def close(self) -> None:
        """Stop the composition. Fail if anything is left behind."""
        try:
            self.down()
            assert self.left_behind() == []
        finally:
            shutil.rmtree(self.folder)

    def compose(self, *arguments: str) -> str:
        return checked(self.attempt(*arguments))

    def attempt(self, *arguments: str) -> subprocess.CompletedProcess[str]:
        chosen = [part for name in self.files for part in ("-f", name)]
        command = [*self.engine.compose, "-p", self.project, *chosen, *arguments]
        return call(command, folder=self.folder)

    def containers(self, service: str) -> list[str]:
        """Return the names of a service's running containers, found by labels that compose sets."""
        labels = (f"project={self.project}", f"service={service}")
        filters = [f"--filter=label=com.docker.compose.{label}" for label in labels]
        return sorted(self._listed("ps", *filters, "--format", "{{.Names}}"))

    def left_behind(self) -> list[str]:
        return [
            *self._listed("ps", "--all", "--format", "{{.Names}}"),
            *self._listed("volume", "ls", "--format", "{{.Name}}"),
            *self._listed("network", "ls", "--format", "{{.Name}}"),
        ]

    def inspect(self, container: str) -> Any:
        return json.loads(self.engine.run("container", "inspect", container))[0]

    def is_healthy(self, container: str) -> bool:
        """Return whether a container is healthy. podman runs the health check only when told to."""
        if self.engine.name == "podman":
            return self.engine.attempt("healthcheck", "run", container).returncode == 0
        return bool(self.inspect(container)["State"]["Health"]["Status"] == "healthy")

    def host_of(self, container: str) -> str:
        """Return the address of a container, within the composition's own network."""
        networks = self.inspect(container)["NetworkSettings"]["Networks"]
        return str(networks[f"{self.project}_inside"]["IPAddress"])

    def serves(self) -> bool:
        """Return whether every process is ready and nginx responds."""
        processes = [*self.containers("web"), *self.containers("realtime")]
        ready = [answers(self.host_of(name), 8000, "/readyz") for name in processes]
        return len(ready) > 1 and all(ready) and answers(HOST, self.port, "/healthz")

    def variable(self, name: str) -> str:
        """Return a secret. In a URL, replace the container's name by its address."""
        [web] = self.containers("web")
        text = self.engine.run("exec", web, "cat", f"/run/hubbub/{SECRETS[name]}")
        if name == "SECRET_KEY":
            return text
        url = urlsplit(text)
        [container] = self.containers(str(url.hostname))
        at = url.netloc.replace(f"@{url.hostname}", f"@{self.host_of(container)}")
        return urlunsplit(url._replace(netloc=at))

    def manage(self, *arguments: str, input: str | None = None) -> str:
        """Run manage.py on this machine with the deployment's settings. Return its output."""
        environment = {name: os.environ[name] for name in cluster.INHERITED & os.environ.keys()}
        ours = {name: self.variable(name) for name in SECRETS}
        return cluster.manage(environment | self.environment | ours, *arguments, input=input)

    def _listed(self, *arguments: str) -> list[str]:
        printed = self.engine.run(*arguments)
        return [line for line in printed.splitlines() if line.startswith(self.project)]


def answers(host: str, port: int, path: str) -> bool:
    connection = HTTPConnection(host, port, timeout=10)
    try:
        connection.request("GET", path)
        return connection.getresponse().status == 200
    except OSError:
        return False
    finally:
        connection.close()
