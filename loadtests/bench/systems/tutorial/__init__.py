"""The Channels tutorial's chat on Daphne, with either Redis layer, with and without saved messages.

The tutorial chat has no sign-in, no membership and no limits. Hubbub's targets refer to the variant
"tutorial", which uses the core layer and saves a row for each message.
"""

import os
import sys
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, ExitStack, contextmanager

from loadtests.lib.load_client import ConnectionPlan, Dialect
from loadtests.lib.servers.cluster import manage
from loadtests.lib.servers.process import HOST, ROOT, Server
from loadtests.lib.systems.backends import Backends
from loadtests.lib.systems.system import System

DATABASE = "tutorial"
PROJECT = "loadtests.bench.systems.tutorial.chat"
# Each variant has a channel layer, and either saves each message or does not.
VARIANTS = {
    "tutorial": ("core", True),
    "tutorial-no-row": ("core", False),
    "tutorial-pubsub": ("pubsub", True),
    "tutorial-pubsub-no-row": ("pubsub", False),
}


class Tutorial(System):
    dialect = Dialect(send='{"message":"bench $N ."}', delivery='{"message"')

    def connection(self, number: int, address: str, rooms: Sequence[str]) -> ConnectionPlan:
        headers = {"Origin": f"http://{address}"}
        return ConnectionPlan(address, f"/ws/chat/{rooms[0]}/", rooms, headers)


class TutorialReplica(Server):
    name = "tutorial"

    def __init__(self, environment: Mapping[str, str]) -> None:
        super().__init__()
        self._environment = dict(environment)

    def command(self) -> list[str]:
        daphne = [sys.executable, "-m", "daphne", "-v", "0", "-b", HOST, "-p", str(self.port)]
        return [*daphne, f"{PROJECT}.asgi:application"]

    def environment(self) -> Mapping[str, str]:
        return self._environment


def starting(name: str) -> Callable[[Backends, int], AbstractContextManager[System]]:
    """Return the function that starts the variant with this name."""

    @contextmanager
    def start(backends: Backends, replicas: int) -> Iterator[System]:
        environment = _environment(backends, *VARIANTS[name])
        backends.postgres.drop_database(DATABASE)
        backends.postgres.create_database(DATABASE)
        manage(environment, "migrate", "--run-syncdb", "--verbosity=0")
        with ExitStack() as stack:
            running = [stack.enter_context(TutorialReplica(environment)) for _ in range(replicas)]
            yield Tutorial(name, running, redis=backends.redis, postgres=backends.postgres)

    return start


def _environment(backends: Backends, layer: str, saves: bool) -> dict[str, str]:
    return {
        "PATH": os.environ["PATH"],
        "PYTHONPATH": str(ROOT),
        "DJANGO_SETTINGS_MODULE": f"{PROJECT}.settings",
        "DATABASE_URL": backends.postgres.url(DATABASE),
        "REDIS_URL": backends.redis.url(),
        "CHANNEL_LAYER": layer,
        "SAVES_MESSAGES": "1" if saves else "",
    }
