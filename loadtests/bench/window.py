"""What a peer's processes use while a load's window is open, and the record of one load.

How long the event loop was held is of the ten seconds before the window's end: of a load of eight
seconds that is all of it, and what came before it in shorter ones.
"""

from typing import Any

from loadtests.lib.load_client.client import Result
from loadtests.lib.systems.system import Peer

Record = dict[str, Any]


class Window:
    """Called when the window begins and when it ends; then `cpu` has each part's seconds."""

    def __init__(self, peer: Peer) -> None:
        self._peer = peer
        self._edges: list[dict[str, float]] = []
        self.held_ms: float | None = None  # the longest hold of an event loop, where it is known

    def __call__(self) -> None:
        self._edges.append(self._peer.cpu())
        if len(self._edges) == 2:  # after the CPU time: to be asked costs some, too
            self.held_ms = self._peer.longest_hold_ms()

    @property
    def cpu(self) -> dict[str, float]:
        begin, end = self._edges
        return {part: round(end[part] - begin[part], 6) for part in end}


def record(part: str, peer: Peer, window: Window, result: Result, **facts: Any) -> Record:
    """Return what all parts of the report read, one load of one peer."""
    return {
        "part": part,
        "peer": peer.name,
        "replicas": len(peer.addresses),
        **facts,
        "cpu": window.cpu,
        "held_ms": window.held_ms,
        "result": result,
    }
