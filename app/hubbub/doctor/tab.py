"""A socket as a browser's tab holds it: opened through the public address, with a session's cookie.

Its thread answers the server's pings by itself and counts them. `websockets` does the rest.
"""

import json
import time
from collections.abc import Callable
from typing import Any

from websockets.exceptions import ConnectionClosed
from websockets.frames import Frame, Opcode
from websockets.protocol import Event
from websockets.sync.client import ClientConnection, connect
from websockets.typing import Origin, Subprotocol

from hubbub.doctor.fetch import Address

SUBPROTOCOL = Subprotocol("hubbub.v1")

Told = dict[str, Any]


class Tab(ClientConnection):
    pings = 0
    welcome: Told

    def process_event(self, event: Event) -> None:
        if isinstance(event, Frame) and event.opcode is Opcode.PING:
            self.pings += 1
        super().process_event(event)

    @property
    def replica(self) -> str:
        return str(self.welcome["replica"])

    def tell(self, type: str, **fields: Any) -> None:
        self.send(json.dumps({"type": type, **fields}))

    def hear(self, wanted: Callable[[Told], bool], within_seconds: float) -> Told:
        """Return the first frame that is wanted, past all others.

        Raises TimeoutError when none comes in time, and ConnectionClosed.
        """
        until = time.monotonic() + within_seconds
        while True:
            told = json.loads(self.recv(max(0.0, until - time.monotonic())))
            if wanted(told):
                return dict(told)


def open_tab(address: Address, cookie: str, origin: str | None = None) -> Tab:
    """Open a socket and hear its welcome; `close()` is the caller's.

    Raises OSError, TimeoutError and `websockets`' exceptions: InvalidStatus where the handshake is
    refused, ConnectionClosed with the code where the socket is.
    """
    scheme = "wss" if address.is_secure else "ws"
    tab = connect(
        f"{scheme}://{address.url.netloc}/ws/",
        ssl=address.tls if address.is_secure else None,
        origin=Origin(address.origin if origin is None else origin),
        additional_headers={"Cookie": cookie},
        subprotocols=[SUBPROTOCOL],
        compression=None,
        proxy=None,
        open_timeout=address.timeout_seconds,
        ping_interval=None,
        close_timeout=1,
        max_queue=None,  # pings behind frames that nobody takes must be answered too
        create_connection=Tab,
        legacy=True,
    )
    assert isinstance(tab, Tab)
    try:
        tab.welcome = tab.hear(lambda told: told["type"] == "welcome", address.timeout_seconds)
    except BaseException:
        tab.close()
        raise
    return tab


def close_code(closed: ConnectionClosed) -> int:
    """Return the code that the server closed with; 1006 where it said none."""
    return closed.rcvd.code if closed.rcvd else 1006
