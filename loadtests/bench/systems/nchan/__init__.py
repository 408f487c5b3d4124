"""nchan, an nginx module in C that only forwards messages.

Its cost per delivery is the lower bound. It has no users, saves no rows, and keeps no order across
restarts. nginx runs one worker process, which counts as one replica.
"""

import os
import signal
import string
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

from loadtests.lib.load_client import ConnectionPlan, Dialect
from loadtests.lib.servers.process import Server
from loadtests.lib.systems.backends import Backends
from loadtests.lib.systems.system import System, Unavailable
from scripts.stack.programs import find_program

DEBIAN_PACKAGE = "libnginx-mod-nchan"
CONFIGURATION = Path(__file__).parent / "nginx.conf"
MODULES = [
    Path("/usr/lib/nginx/modules/ngx_nchan_module.so"),
    Path("/usr/share/nginx/modules/ngx_nchan_module.so"),
]


class Nchan(System):
    dialect = Dialect(send="bench $N .", delivery="bench ")

    def connection(self, number: int, address: str, rooms: Sequence[str]) -> ConnectionPlan:
        headers = {"Origin": f"http://{address}"}
        return ConnectionPlan(address, f"/ws/{rooms[0]}", rooms, headers)


class NchanServer(Server):
    name = "nchan"
    # After SIGKILL of the nginx master, the nginx worker would keep running.
    end_signal = signal.SIGTERM

    def command(self) -> list[str]:
        program = find_program("nginx")
        module = next((path for path in MODULES if path.exists()), None)
        if program is None or module is None:
            raise Unavailable("needs nginx with its module nchan: scripts/install-servers bench")
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
def start(backends: Backends, replicas: int) -> Iterator[System]:
    if replicas > 1:
        raise Unavailable("no second replica: with Redis, nchan is a different, slower setup")
    with NchanServer() as server:
        yield Nchan("nchan", [server])
