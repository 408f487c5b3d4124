"""Where a server runs: this machine's loopback, or a host of its own in a private net.

Every server takes one. A host of its own is a network namespace: `loadtests/chaos/network.py` makes
them; a server needs to know only the address to listen on, and how a command gets there.
"""

from collections.abc import Sequence
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Host:
    address: str
    within: Sequence[str] = ()  # what a command begins with to run there


LOOPBACK = Host("127.0.0.1")
