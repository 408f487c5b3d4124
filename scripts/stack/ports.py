"""Free ports for what listens on this machine. A service that dies comes back on its own port."""

import random

from scripts.stack.errors import StackError
from scripts.stack.probes import HOST, is_free

# Below the ports that the kernel hands out, so that nobody takes one while its service restarts.
PORTS = range(20_000, 32_000)
# Those that were given away, and that nobody may listen on yet.
_given: set[int] = set()


def free_port() -> int:
    """Return a port that is free, and not the same one twice. Raises StackError."""
    if len(_given) > len(PORTS) // 2:
        _given.clear()
    for port in random.sample(PORTS, len(PORTS)):
        if port not in _given and is_free(HOST, port):
            _given.add(port)
            return port
    raise StackError(f"No port between {PORTS.start} and {PORTS.stop} is free on this machine.")


def ensure_free(bind: str, port: int, variable: str) -> None:
    """Raise StackError with a sentence where nginx could not listen."""
    try:
        free = is_free(bind, port)
    except PermissionError:
        raise StackError(f"Port {port} needs root. Choose another: {variable}=8080.") from None
    except OSError as error:
        raise StackError(f"nginx cannot listen on BIND={bind}: {error.strerror}.") from None
    if not free:
        raise StackError(
            f"Port {port} is taken by another program. "
            f"Choose another: make stack {variable}={port % 65_535 + 1}"
        )
