"""The servers that are compared. Each has a package that says how it is started and what it runs.

Each server is set up as its own documentation recommends for production. Where the documentation
leaves a choice, the faster option is taken.
"""

import re
from collections.abc import Callable
from contextlib import AbstractContextManager

from loadtests.bench.systems import nchan, socketio, tutorial
from loadtests.lib.machine import number_in, output
from loadtests.lib.systems import hubbub
from loadtests.lib.systems.backends import Backends
from loadtests.lib.systems.system import System, Unavailable

Start = Callable[[Backends, int], AbstractContextManager[System]]

SYSTEMS: dict[str, Start] = {
    "nchan": nchan.start,
    "socketio": socketio.start,
    **{name: tutorial.starting(name) for name in tutorial.VARIANTS},
    "hubbub": hubbub.start,
}


def versions() -> dict[str, str]:
    """Return the versions of the software that only the benchmark runs."""
    lock = (socketio.FILES / "package-lock.json").read_text()
    found = {
        "node": number_in(output("node", "--version")),
        "socket.io": re.findall(r'"node_modules/socket.io": {\s*"version": "([^"]+)"', lock)[0],
        "nchan": output("dpkg-query", "--show", "--showformat=${Version}", nchan.DEBIAN_PACKAGE),
    }
    return {name: number for name, number in found.items() if number}


__all__ = ["SYSTEMS", "Start", "System", "Unavailable", "versions"]
