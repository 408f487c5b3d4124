"""nchan: an nginx module in C that passes messages on, and what delivery costs at the least.

No people, no rows, no order across restarts. nginx is one worker process: one "replica".
"""

import os
import signal
import string
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

from loadtests.lib.load_client.client import Dialect, Seat
from loadtests.lib.systems.backends import Servers
from loadtests.lib.systems.system import Missing, Peer, WebServer
from scripts.stack.programs import find_program

CONFIGURATION = Path(__file__).parent / "nginx.conf"
MODULES = [
    Path("/usr/lib/nginx/modules/ngx_nchan_module.so"),
    Path("/usr/share/nginx/modules/ngx_nchan_module.so"),
]


class Nchan(Peer):
    dialect = Dialect(send="bench $N .", delivery="bench ")

    def seat(self, number: int, address: str, rooms: Sequence[str]) -> Seat:
        return Seat(address, f"/ws/{rooms[0]}", rooms, {"Origin": f"http://{address}"})


class Nginx(WebServer):
    name = "nchan"
    end_signal = signal.SIGTERM  # killed, it would leave its worker behind

    def command(self) -> list[str]:
        program = find_program("nginx")
        module = next((path for path in MODULES if path.exists()), None)
        if program is None or module is None:
            raise Missing("nginx with its module nchan: scripts/install-servers bench")
        text = string.Template(CONFIGURATION.read_text()).safe_substitute(
            user="user root;" if os.geteuid() == 0 else "",
            module=module,
            folder=self.folder,
            port=self.port,
        )
        file = self.folder / "nginx.conf"
        file.write_text(text)
        return [str(program), "-p", str(self.folder), "-c", str(file)]


@contextmanager
def start(servers: Servers, replicas: int) -> Iterator[Peer]:
    if replicas > 1:
        raise Missing("a second replica: with Redis between them nchan is another, slower program")
    with Nginx() as nginx:
        yield Nchan("nchan", [nginx.address], {"replicas": [nginx.pid]})
