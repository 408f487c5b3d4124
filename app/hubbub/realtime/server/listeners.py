"""Sets up the listening sockets of the server, and closes them without resetting connections."""

import select
import socket
from typing import Any

from django.conf import settings

# How many connections may wait to be accepted. When another replica dies, all its clients reconnect
# at once; with Twisted's default of 50 the kernel would drop most of them, and they would retry a
# second later.
BACKLOG = 1_024


def with_backlog(endpoint: str) -> str:
    """Add the backlog to the description of a TCP endpoint that does not set one."""
    is_plain = endpoint.startswith("tcp:") and "backlog=" not in endpoint
    return f"{endpoint}:backlog={BACKLOG}" if is_plain else endpoint


def limit_send_buffers(port: Any) -> None:
    """Limit the kernel's send buffers of the sockets that a port accepts.

    The sockets inherit the limit from the port. By default the kernel would buffer megabytes for a
    client that does not read, and we could not count them.
    """
    port.socket.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, settings.SEND_BUFFER_BYTES)


def stop_listening(port: Any) -> None:
    """Close a port, after accepting the connections that wait for it in the kernel.

    Closing the port resets connections that still wait; accepted connections get an answer.
    """
    for _ in range(BACKLOG):
        if not _is_readable(port):
            break
        port.doRead()
    port.stopListening()


def _is_readable(port: Any) -> bool:
    poll = select.poll()
    poll.register(port.fileno(), select.POLLIN)
    return bool(poll.poll(0))
