"""The processes of a stack, in the order in which they need each other.

What is behind nginx is changed in one way: start the new one, wait until it is ready, write the
list, reload; and for who goes: list and reload first, then SIGTERM. So nobody meets a dead end.
"""

import asyncio
from collections.abc import Sequence
from itertools import count
from pathlib import Path

from scripts.stack import application, postgres, redis
from scripts.stack.application import Version
from scripts.stack.control import Say
from scripts.stack.nginx import Nginx
from scripts.stack.options import ROOT, Options
from scripts.stack.output import Output
from scripts.stack.ports import free_port
from scripts.stack.service import Program, Service
from scripts.stack.state_directory import StateDirectory
from scripts.stack.static import ensure_collected, forget_old

# What each may take to end; a replica and nginx, which waits for its sockets, after the drain.
STOP_SECONDS = 15.0
WEB_SECONDS = 35.0  # gunicorn lets requests end for 30 s


class Stack:
    def __init__(self, options: Options, folder: StateDirectory, output: Output) -> None:
        self._options, self._folder, self._output = options, folder, output
        self._nginx = Nginx(options, folder)
        self.settings: dict[str, str] = {}
        self.version = Version(ROOT, ROOT)
        self.postgres: Service | None = None
        self.redis: Service | None = None
        self.nginx: Service | None = None
        self.web: list[Service] = []
        self.realtime: list[Service] = []
        self._made: list[Service] = []

    @property
    def services(self) -> list[Service]:
        """Return all that are not ended, also those that nginx knows no more."""
        return [service for service in self._made if service.state != "stopped"]

    async def start(self) -> None:
        """Start everything; returns when it is served. Raises StackError."""
        await self._start_stores(self._folder.secrets())
        self.version = await self.prepare(ROOT, self._output.say)
        self._output.say("Starting web, realtime and nginx")
        self.web = [self.new_web()]
        for _ in range(self._options.replicas):
            self.realtime.append(self.new_replica())
        await asyncio.gather(*(service.start() for service in (*self.web, *self.realtime)))
        await self._start_nginx()
        self.settle()

    async def prepare(self, root: Path, say: Say) -> Version:
        """Bring the database and the static files to the version in `root`."""
        say("Preparing the database")
        await self._manage(Version(root, root), "migrate")

        async def collect(static: Path) -> None:
            say("Collecting and compressing the static files, which takes a minute once")
            await self._manage(Version(root, static), "collectstatic", "--no-input")

        return Version(root, await ensure_collected(self._folder, root, collect))

    def new_replica(self, beside: Sequence[Service] = ()) -> Service:
        """Make one with a name that neither the others nor those `beside` it have."""
        port = free_port()
        name = _unused("realtime", [*self.realtime, *beside])
        return self._service(name, port, application.realtime(self.settings, self.version, port))

    def new_web(self) -> Service:
        port = free_port()
        program = application.web(self.settings, self.version, port)
        return self._service(_unused("web", self.web), port, program)

    async def serve(self, web: Sequence[Service], realtime: Sequence[Service]) -> None:
        """Have nginx choose among these from now on. Raises StackError, and all is as it was."""
        self._write_list(web, realtime)
        try:
            if self.nginx is not None:
                await self._nginx.reload(self.nginx)
        except BaseException:
            self._write_list(self.web, self.realtime)
            raise
        self.web, self.realtime = list(web), list(realtime)

    def write_configuration(self) -> None:
        """Give nginx the configuration of the running version, from its next reload on."""
        self._nginx.write_configuration(self.version.root)

    def put_configuration_back(self) -> None:
        self._nginx.put_configuration_back()

    def settle(self) -> None:
        """Now that the version serves, leave what `manage.py` needs, and nothing too old."""
        version = {"STATIC_ROOT": str(self.version.static), "STACK_ROOT": str(self.version.root)}
        self._folder.write_environment(self.settings | version)
        forget_old(self._folder)

    async def stop(self) -> None:
        """End all in order: nobody new comes in, sockets are sent away, what is said is saved."""
        self._folder.environment.unlink(missing_ok=True)
        stores = (self.redis, self.postgres)
        first = [service for service in self.services if service not in stores]
        await asyncio.gather(*(one.stop(max(self.drain_seconds, WEB_SECONDS)) for one in first))
        for store in stores:
            if store is not None:
                await store.stop(STOP_SECONDS)

    def kill(self) -> None:
        for service in self.services:
            service.kill()

    @property
    def drain_seconds(self) -> float:
        """How long a replica may take to end."""
        return self._options.drain_seconds + STOP_SECONDS

    async def _start_stores(self, kept: dict[str, str]) -> None:
        port, password = free_port(), kept["postgres_password"]
        program = postgres.program(self._folder, port, self._output)
        self.postgres = self._service("postgres", port, program)
        port = free_port()
        self.redis = self._service("redis", port, redis.program(self._folder, port))
        self.settings = self._make_settings(kept)
        await asyncio.gather(self.postgres.start(), self.redis.start())
        await asyncio.to_thread(postgres.create_database, self.postgres.port, password)

    async def _start_nginx(self) -> None:
        self._write_list(self.web, self.realtime)
        self.write_configuration()
        self.nginx = self._service("nginx", self._options.port, self._nginx.program())
        await self.nginx.start()

    async def _manage(self, version: Version, *arguments: str) -> None:
        await application.manage(self.settings, version, self._output, *arguments, "--verbosity=0")

    def _write_list(self, web: Sequence[Service], realtime: Sequence[Service]) -> None:
        self._nginx.write_list([one.port for one in web], [one.port for one in realtime])

    def _service(self, name: str, port: int, program: Program) -> Service:
        service = Service(name, port, program, self._output)
        self._made = [*self.services, service]
        return service

    def _make_settings(self, kept: dict[str, str]) -> dict[str, str]:
        assert self.postgres is not None
        assert self.redis is not None
        return {
            "DATABASE_URL": postgres.url(self.postgres.port, kept["postgres_password"]),
            "REDIS_URL": redis.url(self.redis.port, kept["redis_password"]),
            "SECRET_KEY": kept["secret_key"],
            "PUBLIC_URL": self._options.public_url,
            "TRUSTED_PROXIES": "1",
            "DATA_DIR": str(self._folder.path),
            # What a process that is killed leaves of its metrics is gone with the next start.
            "TMPDIR": str(self._folder.temporary()),
            "DRAIN_SECONDS": str(self._options.drain_seconds),
        }


def _unused(kind: str, taken: Sequence[Service]) -> str:
    names = {service.name for service in taken}
    return next(name for number in count(1) if (name := f"{kind}-{number}") not in names)
