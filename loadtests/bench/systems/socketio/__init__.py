"""Socket.IO on Node with its Redis adapter: what a chat without Django would take.

No sign-in, no rows. Its packages are pinned by package-lock.json and come from npm, once, into an
ignored folder, without install scripts: the native add-ons are the prebuilt ones.
"""

import os
import shutil
import subprocess
from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from functools import cache
from pathlib import Path

from loadtests.lib.load_client.client import Dialect, Seat
from loadtests.lib.servers.process import ROOT
from loadtests.lib.systems.backends import Servers
from loadtests.lib.systems.system import Missing, Peer, WebServer

FILES = Path(__file__).parent
FOLDER = ROOT / "data/bench/socketio"


class SocketIO(Peer):
    dialect = Dialect(
        send='42["message","bench $N ."]',
        delivery='42["message"',
        opened='42["joined"',
        ping="2",
        pong="3",
    )

    def seat(self, number: int, address: str, rooms: Sequence[str]) -> Seat:
        headers = {"Origin": f"http://{address}"}
        connect = f'40{{"room":"{rooms[0]}"}}'
        return Seat(address, "/socket.io/?EIO=4&transport=websocket", rooms, headers, connect)


class Node(WebServer):
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
def start(servers: Servers, replicas: int) -> Iterator[Peer]:
    install()
    with ExitStack() as stack:
        running = [stack.enter_context(Node(servers.redis.url())) for _ in range(replicas)]
        parts = {"replicas": [node.pid for node in running], "redis": [servers.redis.pid]}
        yield SocketIO("socketio", [node.address for node in running], parts)


@cache
def install() -> None:
    """Bring the packages that package-lock.json names, unless they are there."""
    if shutil.which("node") is None or shutil.which("npm") is None:
        raise Missing("Node and npm: scripts/install-servers bench")
    FOLDER.mkdir(parents=True, exist_ok=True)
    lock = (FILES / "package-lock.json").read_bytes()
    known = FOLDER / "package-lock.json"
    complete = (FOLDER / "node_modules").is_dir() and known.exists() and known.read_bytes() == lock
    for name in ("package.json", "package-lock.json", "server.js"):
        shutil.copy(FILES / name, FOLDER / name)
    if complete:
        return
    command = ["npm", "ci", "--ignore-scripts", "--no-audit", "--no-fund", "--omit=dev"]
    done = subprocess.run(command, cwd=FOLDER, capture_output=True, text=True)
    if done.returncode:
        shutil.rmtree(FOLDER / "node_modules", ignore_errors=True)
        raise Missing(f"Socket.IO's packages, which npm could not bring:\n{done.stderr[-500:]}")
