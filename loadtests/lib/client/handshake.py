"""What the handshakes of all clients have in common, and the timeouts of docs/protocol.md, "Life".

An address is `host:port`, or the public address of a workspace: `https://chat.example.org`.
"""

SUBPROTOCOL = "hubbub.v1"
WELCOME_SECONDS = 5
PONG_SECONDS = 10


def http_url(address: str) -> str:
    return address.rstrip("/") if "://" in address else f"http://{address}"


def socket_url(address: str) -> str:
    """Return the endpoint's URL: wss where the pages are https."""
    return f"ws{http_url(address).removeprefix('http')}/ws/"


def origin(address: str, headers: dict[str, str]) -> str | None:
    """Return the `Origin` that a browser would send; bots have none."""
    return http_url(address) if "Cookie" in headers else None
