"""What Redis says that it did while a window was open: commands, bytes, and its own CPU time."""

import socket

from loadtests.bench.window import Window
from loadtests.lib.servers import Redis
from loadtests.lib.servers.process import HOST
from loadtests.lib.systems.system import Peer

COUNTERS = {
    "total_commands_processed": "commands",
    "total_net_input_bytes": "bytes_in",
    "total_net_output_bytes": "bytes_out",
}


class RedisWindow(Window):
    """A window that also has `used`: Redis's counters between its edges."""

    def __init__(self, peer: Peer, redis: Redis) -> None:
        super().__init__(peer)
        self._redis = redis
        self._infos: list[dict[str, int]] = []

    def __call__(self) -> None:
        super().__call__()
        self._infos.append(counters(self._redis))

    @property
    def used(self) -> dict[str, int]:
        begin, end = self._infos
        return {name: end[name] - begin[name] for name in end}


def counters(redis: Redis) -> dict[str, int]:
    with socket.create_connection((HOST, redis.port), timeout=5) as connection:
        connection.sendall(b"INFO\r\nQUIT\r\n")
        text = connection.makefile("rb").read().decode()
    facts = dict(line.split(":", 1) for line in text.splitlines() if ":" in line)
    return {ours: int(facts[theirs]) for theirs, ours in COUNTERS.items()}
