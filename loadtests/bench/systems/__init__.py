"""The servers that are compared, one package each: how it is started, and what it runs.

Each is set up as its own documentation recommends for production; where that leaves a choice, the
faster one is taken. `start` opens one by its name.
"""

from collections.abc import Callable
from contextlib import AbstractContextManager

from loadtests.bench.systems import nchan, socketio, tutorial
from loadtests.lib.systems import hubbub
from loadtests.lib.systems.backends import Servers
from loadtests.lib.systems.system import Missing, Peer

Start = Callable[[Servers, int], AbstractContextManager[Peer]]

PEERS: dict[str, Start] = {
    "nchan": nchan.start,
    "socketio": socketio.start,
    **{name: tutorial.starting(name) for name in tutorial.VARIANTS},
    "hubbub": hubbub.start,
}

__all__ = ["PEERS", "Missing", "Peer", "Start"]
