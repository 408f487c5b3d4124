"""What all shells of a conversation share: who it is, where it may connect, what it knows.

A shell adds sockets, timers and waiting, and nothing of the protocol: that is the conversation's.
"""

import random
from collections.abc import Sequence

from loadtests.lib.client import rest
from loadtests.lib.client.history import History
from loadtests.lib.client.protocol import ClientProtocol
from loadtests.lib.client.subscription import Subscription

# The close code of a socket that ended without a close frame.
ABNORMAL_CLOSURE = 1006
LOAD_AGAIN_SECONDS = 0.5


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
        self.stop_code: int | None = None  # the code that told it to stay away
        self.address = ""  # of the newest socket

    @property
    def connected(self) -> bool:
        return self.protocol.welcome is not None

    def subscription(self, room: int) -> Subscription:
        """Return the open room; raises KeyError when one is not (any more) subscribed."""
        return self.protocol.subscriptions[room]

    def is_open(self, room: int) -> bool:
        """Whether a room is live and loaded."""
        subscription = self.protocol.subscriptions[room]
        return subscription.live and not subscription.loading

    def next_address(self) -> str:
        """Choose where to connect next: anywhere."""
        return random.choice(self.addresses)


def move_again_seconds() -> float:
    """Return how long to wait where the next socket did not open and the old one still lives."""
    return random.uniform(0.1, 0.3)
