"""Checks whether servers answer on ports of this machine."""

import asyncio
import errno
import socket
import time
from collections.abc import Callable
from contextlib import suppress

HOST = "127.0.0.1"
TIMEOUT_SECONDS = 2.0


async def http_ok(port: int, path: str, host: str = HOST) -> bool:
    """Whether GET `path` returns 200."""
    request = f"GET {path} HTTP/1.0\r\nHost: {HOST}:{port}\r\n\r\n"
    answer = await _exchange(port, request.encode(), host)
    return answer.partition(b" ")[2].startswith(b"200")


async def redis_answers(port: int) -> bool:
    """Whether Redis answers PING, which it does even without the password."""
    answer = await _exchange(port, b"PING\r\n")
    return answer.startswith((b"+PONG", b"-NOAUTH"))


async def until(condition: Callable[[], bool], within: float) -> bool:
    """Poll a condition until it is true or the time is up. Return whether it became true."""
    deadline = time.monotonic() + within
    while not (met := condition()) and time.monotonic() < deadline:  # noqa: ASYNC110
        await asyncio.sleep(0.02)
    return met


async def succeeds(*command: str) -> bool:
    process = await asyncio.create_subprocess_exec(
        *command, stdout=asyncio.subprocess.DEVNULL, stderr=asyncio.subprocess.DEVNULL
    )
    return await process.wait() == 0


def is_free(host: str, port: int) -> bool:
    """Whether a server could listen on this port. Raises OSError if no server ever could."""
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    with socket.socket(family) as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((host, port))
        except OSError as error:
            if error.errno == errno.EADDRINUSE:
                return False
            raise
        return True


async def _exchange(port: int, request: bytes, host: str = HOST) -> bytes:
    """Send a request. Return the start of the answer, or an empty answer if there is none."""
    with suppress(OSError, TimeoutError):
        async with asyncio.timeout(TIMEOUT_SECONDS):
            reader, writer = await asyncio.open_connection(host, port)
            try:
                writer.write(request)
                return await reader.read(256)
            finally:
                writer.close()
    return b""
