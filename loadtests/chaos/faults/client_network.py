"""One of the networks that clients come from, as nginx sees it: its connections and their clients.

A client's socket keeps its port when its address is translated to the network's address, so ports
identify clients.
"""

import re
from collections.abc import Iterable

from loadtests.chaos.deployment import CLIENT_NETWORKS
from loadtests.chaos.faults.fault import FaultContext


class ClientNetwork:
    def __init__(self, context: FaultContext, victim: int) -> None:
        self._context = context
        self.address = CLIENT_NETWORKS[victim % len(CLIENT_NETWORKS)]
        self.nginx = context.deployment.host_of(context.deployment.nginx)

    def ports(self) -> set[int]:
        """Return the client ports of its open connections."""
        listed = self.nginx.run("ss", "-Htn", "state", "established", "dst", self.address)
        return {int(port) for port in re.findall(rf"{re.escape(self.address)}:(\d+)", listed)}

    def reset(self) -> None:
        """End all its connections, on both sides."""
        self.nginx.run("ss", "-HKtn", "dst", self.address)

    def names(self, ports: Iterable[int]) -> set[str]:
        """Return the names of the clients with these ports."""
        wanted = set(ports)
        return {client.name for client in self._context.clients() if client.port in wanted}

    def disconnected(self) -> set[str]:
        """Return the names of clients without a connection: they may reconnect through here."""
        return {client.name for client in self._context.clients() if not client.connected}
