"""One HTTP request with exactly these bytes in it: what no client library would let through."""

from collections.abc import Mapping
from http.client import HTTPConnection
from typing import NamedTuple

from loadtests.lib.servers.process import HOST

TIMEOUT_SECONDS = 20


class Visit(NamedTuple):
    status: int
    headers: Mapping[str, str]
    body: bytes


class _Blunt(HTTPConnection):
    """Puts any bytes into its first line; Python's own looks for what is not allowed there."""

    def _encode_request(self, request: str) -> bytes:
        return request.encode("latin1")

    def _validate_path(self, url: str) -> None:
        """Allow everything."""


def visit(
    port: int,
    method: str,
    path: str,
    headers: Mapping[str, str] | None = None,
    body: bytes | None = None,
) -> Visit:
    """Return the answer to one request on a connection of its own. `path` is latin-1."""
    connection = _Blunt(HOST, port, timeout=TIMEOUT_SECONDS)
    try:
        connection.request(method, path, body, dict(headers or {}))
        answer = connection.getresponse()
        return Visit(answer.status, dict(answer.headers), answer.read())
    finally:
        connection.close()
