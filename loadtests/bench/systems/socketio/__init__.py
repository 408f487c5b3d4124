"""Socket.IO on Node with its Redis adapter, which a chat without Django would use.

It has no sign-in and saves no rows. Its packages are pinned by package-lock.json and downloaded
from npm once, into an ignored folder. Install scripts do not run: the native add-ons are prebuilt.
"""

import os
import shutil
import subprocess
from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from functools import cache
from pathlib import Path

from loadtests.lib.load_client import ConnectionPlan, Dialect
from loadtests.lib.servers.process import ROOT, Server
from loadtests.lib.systems.backends import Backends
from loadtests.lib.systems.system import System, Unavailable

FILES = Path(__file__).parent
FOLDER = ROOT / "data/bench/socketio"


class SocketIO(System):
    dialect = Dialect(
        send='42["message","bench $N ."]',
        delivery='42["message"',
        subscribed='42["joined"',
        ping="2",
        pong="3",
    )

    def connection(self, number: int, address: str, rooms: Sequence[str]) -> ConnectionPlan:
        headers = {"Origin": f"http://{address}"}
        connect = f'40{{"room":"{rooms[0]}"}}'
        path = "/socket.io/?EIO=4&transport=websocket"
        return ConnectionPlan(address, path, rooms, headers, connect)


class Node(Server):
    name = "socketio"

    def __init__(self, redis_url: str) -> None:
        super().__init__()
        self._redis_url = redis_url

    def command(self) -> list[str]:
        return ["node", str(FOLDER / "server.js")]

    def environment(self) -> Mapping[str, str]:
        return {
            "PATH": os.environ["PATH"],
            "NODE_ENV": "production",
            "REDIS_URL": self._redis_url,
            "PORT": str(self.port),
        }


@contextmanager
def start(backends: Backends, replicas: int) -> Iterator[System]:
    install()
    with ExitStack() as stack:
        running = [stack.enter_context(Node(backends.redis.url())) for _ in range(replicas)]
        yield SocketIO("socketio", running, redis=backends.redis)


@cache
def install() -> None:
    """Download the packages that package-lock.json names, unless they are already there."""
    if shutil.which("node") is None or shutil.which("npm") is None:
        raise Unavailable("needs Node and npm: scripts/install-servers bench")
    FOLDER.mkdir(parents=True, exist_ok=True)
    lock = (FILES / "package-lock.json").read_bytes()
    installed = FOLDER / "package-lock.json"
    complete = (
        (FOLDER / "node_modules").is_dir() and installed.exists() and installed.read_bytes() == lock
    )
    for name in ("package.json", "package-lock.json", "server.js"):
        shutil.copy(FILES / name, FOLDER / name)
    if complete:
        return
    command = ["npm", "ci", "--ignore-scripts", "--no-audit", "--no-fund", "--omit=dev"]
    done = subprocess.run(command, cwd=FOLDER, capture_output=True, text=True)
    if done.returncode:
        shutil.rmtree(FOLDER / "node_modules", ignore_errors=True)
        raise Unavailable(f"npm could not install Socket.IO's packages:\n{done.stderr[-500:]}")
