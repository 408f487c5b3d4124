"""Finds free ports for the services on this machine. A service that restarts keeps its port."""

import random

from scripts.stack.errors import StackError
from scripts.stack.probes import HOST, is_free

# All are below the kernel's ephemeral ports, so that no client uses the port of a service that
# restarts.
PORTS = range(20_000, 32_000)
# Ports that were handed out; their services may not be listening yet.
_reserved: set[int] = set()


def free_port() -> int:
    """Return a free port that this function has not returned before. Raises StackError."""
    if len(_reserved) > len(PORTS) // 2:
        _reserved.clear()
    for port in random.sample(PORTS, len(PORTS)):
        if port not in _reserved and is_free(HOST, port):
            _reserved.add(port)
            return port
    raise StackError(f"No port from {PORTS.start} to {PORTS.stop - 1} is free on this machine.")


def ensure_free(bind: str, port: int, variable: str) -> None:
    """Raise StackError if nginx could not listen on this port."""
    try:
        free = is_free(bind, port)
    except PermissionError:
        raise StackError(f"Port {port} needs root. Choose another: {variable}=8080.") from None
    except OSError as error:
        raise StackError(f"nginx cannot listen on BIND={bind}: {error.strerror}.") from None
    if not free:
        raise StackError(
            f"Port {port} is already in use. "
            f"Choose another: make stack {variable}={port % 65_535 + 1}"
        )
