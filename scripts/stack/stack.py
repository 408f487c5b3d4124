"""The stack's processes, started in the order in which they depend on each other.

Changes behind nginx always follow one order, so that no request reaches a closed port. To add a
process: start it, wait until it is ready, write nginx's list, reload nginx. To remove one: write
the list and reload first, then stop the process.
"""

import asyncio
from collections.abc import Sequence
from itertools import count
from pathlib import Path

from scripts.stack import application, postgres, redis
from scripts.stack.application import Release
from scripts.stack.control import Report
from scripts.stack.nginx import Nginx
from scripts.stack.options import ROOT, Options
from scripts.stack.output import Output
from scripts.stack.ports import free_port
from scripts.stack.process import Program
from scripts.stack.state_directory import StateDirectory
from scripts.stack.static import ensure_collected, remove_old
from scripts.stack.supervised_service import Service

# How long a process can take to stop. For replicas this time starts after the drain, and also for
# nginx, because it waits until its connections are closed.
STOP_SECONDS = 15.0
WEB_STOP_SECONDS = 35.0  # gunicorn gives requests 30 s to finish


class Stack:
    def __init__(self, options: Options, state: StateDirectory, output: Output) -> None:
        self._options, self._state, self._output = options, state, output
        self._nginx = Nginx(options, state)
        self.settings: dict[str, str] = {}
        self.release = Release(ROOT, ROOT)
        self.postgres: Service | None = None
        self.redis: Service | None = None
        self.nginx: Service | None = None
        self.web: list[Service] = []
        self.realtime: list[Service] = []
        self._created: list[Service] = []

    @property
    def services(self) -> list[Service]:
        """All services that have not stopped, including those that nginx no longer uses."""
        return [service for service in self._created if service.state != "stopped"]

    async def start(self) -> None:
        """Start all processes, and return once nginx serves requests. Raises StackError."""
        await self._start_stores(self._state.secrets())
        self.release = await self.prepare(ROOT, self._output.write)
        self._output.write("Starting web, realtime and nginx")
        self.web = [self.new_web()]
        for _ in range(self._options.replicas):
            self.realtime.append(self.new_replica())
        await asyncio.gather(*(service.start() for service in (*self.web, *self.realtime)))
        await self._start_nginx()
        self.finish_release()

    async def prepare(self, root: Path, report: Report) -> Release:
        """Migrate the database and collect the static files for the code in `root`."""
        report("Migrating the database")
        await self._manage(Release(root, root), "migrate")

        async def collect(static: Path) -> None:
            report("Collecting and compressing the static files; the first time takes a minute")
            await self._manage(Release(root, static), "collectstatic", "--no-input")

        return Release(root, await ensure_collected(self._state, root, collect))

    def new_replica(self, planned: Sequence[Service] = ()) -> Service:
        """Create a replica with a name that no current replica and none of `planned` uses."""
        port = free_port()
        name = _unused_name("realtime", [*self.realtime, *planned])
        return self._service(name, port, application.realtime(self.settings, self.release, port))

    def new_web(self) -> Service:
        port = free_port()
        program = application.web(self.settings, self.release, port)
        return self._service(_unused_name("web", self.web), port, program)

    async def route_to(self, web: Sequence[Service], realtime: Sequence[Service]) -> None:
        """Make nginx send requests to exactly these services.

        Raises StackError when nginx does not reload; the old list is then restored.
        """
        self._write_list(web, realtime)
        try:
            if self.nginx is not None:
                await self._nginx.reload(self.nginx)
        except BaseException:
            self._write_list(self.web, self.realtime)
            raise
        self.web, self.realtime = list(web), list(realtime)

    def write_configuration(self) -> None:
        """Write nginx's configuration for the current release; the next reload uses it."""
        self._nginx.write_configuration(self.release.root)

    def restore_configuration(self) -> None:
        self._nginx.restore_configuration()

    def finish_release(self) -> None:
        """Write the settings for `manage.py` and remove static files of old releases.

        Call this once the current release serves requests.
        """
        paths = {"STATIC_ROOT": str(self.release.static), "STACK_ROOT": str(self.release.root)}
        self._state.write_environment(self.settings | paths)
        remove_old(self._state)

    async def stop(self) -> None:
        """Stop nginx, web and the replicas, then Redis and Postgres once no process needs them."""
        self._state.environment.unlink(missing_ok=True)
        stores = (self.redis, self.postgres)
        within = max(self.drain_seconds, WEB_STOP_SECONDS)
        first = [service for service in self.services if service not in stores]
        await asyncio.gather(*(service.stop(within) for service in first))
        for store in stores:
            if store is not None:
                await store.stop(STOP_SECONDS)

    def kill(self) -> None:
        for service in self.services:
            service.kill()

    @property
    def drain_seconds(self) -> float:
        """How long a replica can take to drain and stop."""
        return self._options.drain_seconds + STOP_SECONDS

    async def _start_stores(self, secrets: dict[str, str]) -> None:
        port, password = free_port(), secrets["postgres_password"]
        program = postgres.program(self._state, port, self._output)
        self.postgres = self._service("postgres", port, program)
        port = free_port()
        self.redis = self._service("redis", port, redis.program(self._state, port))
        self.settings = self._make_settings(secrets)
        await asyncio.gather(self.postgres.start(), self.redis.start())
        await asyncio.to_thread(postgres.create_database, self.postgres.port, password)

    async def _start_nginx(self) -> None:
        self._write_list(self.web, self.realtime)
        self.write_configuration()
        self.nginx = self._service("nginx", self._options.port, self._nginx.program())
        await self.nginx.start()

    async def _manage(self, release: Release, *arguments: str) -> None:
        await application.manage(self.settings, release, self._output, *arguments, "--verbosity=0")

    def _write_list(self, web: Sequence[Service], realtime: Sequence[Service]) -> None:
        web_ports = [service.port for service in web]
        realtime_ports = [service.port for service in realtime]
        self._nginx.write_list(web_ports, realtime_ports)

    def _service(self, name: str, port: int, program: Program) -> Service:
        service = Service(name, port, program, self._output)
        self._created = [*self.services, service]
        return service

    def _make_settings(self, secrets: dict[str, str]) -> dict[str, str]:
        assert self.postgres is not None
        assert self.redis is not None
        return {
            "DATABASE_URL": postgres.url(self.postgres.port, secrets["postgres_password"]),
            "REDIS_URL": redis.url(self.redis.port, secrets["redis_password"]),
            "SECRET_KEY": secrets["secret_key"],
            "PUBLIC_URL": self._options.public_url,
            "TRUSTED_PROXIES": "1",
            "DATA_DIR": str(self._state.path),
            # A killed process leaves its metrics files in this directory; the next start empties
            # it.
            "TMPDIR": str(self._state.temporary()),
            "DRAIN_SECONDS": str(self._options.drain_seconds),
        }


def _unused_name(kind: str, existing: Sequence[Service]) -> str:
    names = {service.name for service in existing}
    return next(name for number in count(1) if (name := f"{kind}-{number}") not in names)
