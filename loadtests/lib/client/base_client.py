"""What the asyncio and the gevent client have in common: identity, addresses, protocol state.

A client adds sockets, timers and waiting; the protocol itself is left to `ClientProtocol`.
"""

import random
from collections.abc import Sequence

from loadtests.lib.client import rest
from loadtests.lib.client.history import History
from loadtests.lib.client.protocol import ClientProtocol
from loadtests.lib.client.subscription import Subscription

# The close code of a socket that ended without a close frame.
ABNORMAL_CLOSURE = 1006
LOAD_RETRY_SECONDS = 0.5


class BaseClient:
    """`identity` is a line as `seed` writes it: `Cookie: …`, or `Authorization: Bearer …`."""

    def __init__(
        self, name: str, identity: str, addresses: Sequence[str], history: History | None = None
    ) -> None:
        self.name = name
        self.headers = rest.headers_of(identity)
        self.addresses = list(addresses)
        self.history = history or History(name)
        self.protocol = ClientProtocol(self.history)
        self.stop_code: int | None = None  # the close code that forbade reconnecting
        self.address = ""  # of the newest socket

    @property
    def connected(self) -> bool:
        return self.protocol.welcome is not None

    def subscription(self, room: int) -> Subscription:
        """Return a room's subscription; raises KeyError if it is not, or no longer, subscribed."""
        return self.protocol.subscriptions[room]

    def is_open(self, room: int) -> bool:
        """Whether a room is live and loaded."""
        subscription = self.protocol.subscriptions[room]
        return subscription.live and not subscription.loading

    def next_address(self) -> str:
        """Choose a random address to connect to, but not the one that just failed.

        Clients usually connect through a proxy, which passes over a replica that is down. A client
        that drew the dead replica several times in a row would be away for longer than any real
        one.
        """
        failed = self.address if self.protocol.attempt_failed else ""
        others = [address for address in self.addresses if address != failed]
        return random.choice(others or self.addresses)


def switch_retry_seconds() -> float:
    """Return the delay after a replacement socket did not open, while the old one still works."""
    return random.uniform(0.1, 0.3)
