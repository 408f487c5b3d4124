"""Where a server runs: this machine's loopback, or a host of its own in a private network.

Every server takes one. A host of its own is a network namespace, which `loadtests/chaos/network.py`
creates; a server needs only the address to listen on and the prefix that runs a command there.
"""

from collections.abc import Sequence
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Host:
    address: str
    within: Sequence[str] = ()  # the prefix of a command that runs there


LOOPBACK = Host("127.0.0.1")
