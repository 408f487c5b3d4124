"""The servers that are compared, one package each: how it is started, and what it runs.

Each is set up as its own documentation recommends for production; where that leaves a choice, the
faster one is taken. `start` opens one by its name.
"""

from collections.abc import Callable
from contextlib import AbstractContextManager

from loadtests.bench.peers import hubbub, nchan, socketio, tutorial
from loadtests.bench.peers.peer import Missing, Peer
from loadtests.bench.servers import Servers

Start = Callable[[Servers, int], AbstractContextManager[Peer]]

PEERS: dict[str, Start] = {
    "nchan": nchan.start,
    "socketio": socketio.start,
    **{name: tutorial.starting(name) for name in tutorial.VARIANTS},
    "hubbub": hubbub.start,
}

__all__ = ["PEERS", "Missing", "Peer", "Start"]
