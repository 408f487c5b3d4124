"""The chat of the Channels tutorial on Daphne: both Redis layers, with and without a row.

No sign-in, no membership, no limits: it checks nothing. "tutorial" alone, with a row for each
message on the core layer, is the one that Hubbub is measured by.
"""

import os
import sys
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, ExitStack, contextmanager

from loadtests.lib.load_client.client import Dialect, Seat
from loadtests.lib.servers.cluster import manage
from loadtests.lib.servers.process import HOST, ROOT
from loadtests.lib.systems.backends import Servers
from loadtests.lib.systems.system import Peer, WebServer

DATABASE = "tutorial"
PROJECT = "loadtests.bench.systems.tutorial.chat"
# By the peer's name: the channel layer, and whether each message is saved.
VARIANTS = {
    "tutorial": ("core", True),
    "tutorial-no-row": ("core", False),
    "tutorial-pubsub": ("pubsub", True),
    "tutorial-pubsub-no-row": ("pubsub", False),
}


class Tutorial(Peer):
    dialect = Dialect(send='{"message":"bench $N ."}', delivery='{"message"')

    def __init__(self, name: str, servers: Servers, replicas: Sequence["TutorialReplica"]) -> None:
        parts = {
            "replicas": [replica.pid for replica in replicas],
            "redis": [servers.redis.pid],
            "postgres": [servers.postgres.pid],
        }
        super().__init__(name, [replica.address for replica in replicas], parts)

    def seat(self, number: int, address: str, rooms: Sequence[str]) -> Seat:
        return Seat(address, f"/ws/chat/{rooms[0]}/", rooms, {"Origin": f"http://{address}"})


class TutorialReplica(WebServer):
    name = "tutorial"

    def __init__(self, environment: Mapping[str, str]) -> None:
        super().__init__()
        self._environment = dict(environment)

    def command(self) -> list[str]:
        daphne = [sys.executable, "-m", "daphne", "-v", "0", "-b", HOST, "-p", str(self.port)]
        return [*daphne, f"{PROJECT}.asgi:application"]

    def environment(self) -> Mapping[str, str]:
        return self._environment


def starting(name: str) -> Callable[[Servers, int], AbstractContextManager[Peer]]:
    """Return what starts a variant."""

    @contextmanager
    def start(servers: Servers, replicas: int) -> Iterator[Peer]:
        environment = _environment(servers, *VARIANTS[name])
        servers.postgres.drop_database(DATABASE)
        servers.postgres.create_database(DATABASE)
        manage(environment, "migrate", "--run-syncdb", "--verbosity=0")
        with ExitStack() as stack:
            running = [stack.enter_context(TutorialReplica(environment)) for _ in range(replicas)]
            yield Tutorial(name, servers, running)

    return start


def _environment(servers: Servers, layer: str, saves: bool) -> dict[str, str]:
    return {
        "PATH": os.environ["PATH"],
        "PYTHONPATH": str(ROOT),
        "DJANGO_SETTINGS_MODULE": f"{PROJECT}.settings",
        "DATABASE_URL": servers.postgres.url(DATABASE),
        "REDIS_URL": servers.redis.url(),
        "CHANNEL_LAYER": layer,
        "SAVES_MESSAGES": "1" if saves else "",
    }
