"""Where a server runs: on this machine's loopback, or on a host of its own in a private network.

Every server takes a host. A host of its own is a network namespace, which
`loadtests/chaos/network.py` creates. A server needs only the address to listen on, and the prefix
that runs a command on the host.
"""

from collections.abc import Sequence
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Host:
    address: str
    within: Sequence[str] = ()  # the prefix of a command that should run on the host


LOOPBACK = Host("127.0.0.1")
