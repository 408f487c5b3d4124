"""One of the networks that people come from, as nginx sees it: which sockets are of it, and whose.

A client's socket keeps its port when its address becomes the home's: so ports tell whose it is.
"""

import re
from collections.abc import Iterable

from loadtests.chaos.deployment import HOMES
from loadtests.chaos.faults.fault import Scene


class Home:
    def __init__(self, scene: Scene, victim: int) -> None:
        self.scene = scene
        self.address = HOMES[victim % len(HOMES)]
        self.nginx = scene.deployment.host_of(scene.deployment.nginx)

    def ports(self) -> set[int]:
        """Return the ports of the sockets that it has open."""
        told = self.nginx.run("ss", "-Htn", "state", "established", "dst", self.address)
        return {int(port) for port in re.findall(rf"{re.escape(self.address)}:(\d+)", told)}

    def reset(self) -> None:
        """End all its sockets, on both sides."""
        self.nginx.run("ss", "-HKtn", "dst", self.address)

    def names(self, ports: Iterable[int]) -> set[str]:
        """Return the names of the clients whose sockets have these ports."""
        wanted = set(ports)
        return {client.name for client in self.scene.clients() if client.port in wanted}

    def outside(self) -> set[str]:
        """Return the names of those who have no socket: it may be here that they come in again."""
        return {client.name for client in self.scene.clients() if not client.connected}
