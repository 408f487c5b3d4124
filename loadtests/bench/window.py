"""What a peer's processes use while a load's window is open, and the record of one load."""

from typing import Any

from loadtests.bench.load import Result
from loadtests.bench.peers.peer import Peer

Record = dict[str, Any]


class Window:
    """Called when the window begins and when it ends; then `cpu` has each part's seconds."""

    def __init__(self, peer: Peer) -> None:
        self._peer = peer
        self._edges: list[dict[str, float]] = []

    def __call__(self) -> None:
        self._edges.append(self._peer.cpu())

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
        "result": result,
    }
