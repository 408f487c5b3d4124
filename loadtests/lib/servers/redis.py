"""A private Redis server without persistence."""

import shutil
import socket

from loadtests.lib.servers.process import Server, ServerError


class Redis(Server):
    name = "redis"

    def command(self) -> list[str]:
        binary = shutil.which("redis-server")
        if binary is None:
            raise ServerError(
                "Redis is not installed here: `make test` brings it, "
                "or `apt-get install redis-server` (macOS: `brew install redis`)."
            )
        options = {
            "bind": self.host.address,
            "port": str(self.port),
            "protected-mode": "no",  # allows connections from other hosts of a private network
            "dir": str(self.folder),
            "save": "",
            "appendonly": "no",
        }
        return [binary, *(part for name, value in options.items() for part in (f"--{name}", value))]

    def answers(self) -> bool:
        with socket.create_connection((self.host.address, self.port), timeout=1) as connection:
            connection.sendall(b"PING\r\n")
            return connection.recv(16).startswith(b"+PONG")

    def url(self) -> str:
        return f"redis://{self.address}/0"
