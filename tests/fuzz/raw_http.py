"""Sends HTTP requests with arbitrary bytes, which client libraries would refuse."""

from collections.abc import Mapping
from http.client import HTTPConnection
from typing import NamedTuple

from loadtests.lib.servers.process import HOST

TIMEOUT_SECONDS = 20


class Response(NamedTuple):
    status: int
    headers: Mapping[str, str]
    body: bytes


class _UncheckedConnection(HTTPConnection):
    """Accepts any bytes in the request line, unlike Python's own class."""

    def _encode_request(self, request: str) -> bytes:
        return request.encode("latin1")

    def _validate_path(self, url: str) -> None:
        """Allow any path."""


def send_request(
    port: int,
    method: str,
    path: str,
    headers: Mapping[str, str] | None = None,
    body: bytes | None = None,
) -> Response:
    """Return the response to one request on a new connection. `path` is latin-1."""
    connection = _UncheckedConnection(HOST, port, timeout=TIMEOUT_SECONDS)
    try:
        connection.request(method, path, body, dict(headers or {}))
        response = connection.getresponse()
        return Response(response.status, dict(response.headers), response.read())
    finally:
        connection.close()
