"""Sends HTTP requests through the deployment's public address, as any browser could.

Uses plain http.client, because checks need the response as it is: no redirect is followed, nothing
is decompressed, and any Host or Origin can be sent. Certificates are verified.
"""

import ssl
from dataclasses import dataclass, field
from http.client import HTTPConnection, HTTPException, HTTPMessage, HTTPSConnection
from urllib.parse import SplitResult

from hubbub.doctor.results import describe_error

USER_AGENT = "hubbub-doctor"


class Unreachable(Exception):
    """No response arrived. The message says why."""


@dataclass(frozen=True, slots=True)
class Response:
    status: int
    headers: HTTPMessage
    body: bytes

    @property
    def text(self) -> str:
        return self.body.decode(errors="replace")

    def header(self, name: str) -> str:
        return str(self.headers.get(name, ""))

    @property
    def cookies(self) -> list[str]:
        return self.headers.get_all("Set-Cookie") or []


@dataclass(frozen=True, slots=True)
class HttpClient:
    """The deployment's public address, and how long a response can take."""

    url: SplitResult
    timeout_seconds: float
    tls: ssl.SSLContext = field(default_factory=ssl.create_default_context)

    @property
    def origin(self) -> str:
        return f"{self.url.scheme}://{self.url.netloc}"

    @property
    def is_secure(self) -> bool:
        return self.url.scheme == "https"

    @property
    def is_local(self) -> bool:
        return self.url.hostname in ("localhost", "127.0.0.1", "::1")

    def get(self, path: str, **headers: str) -> Response:
        return self.request("GET", path, headers)

    def request(
        self, method: str, path: str, headers: dict[str, str], body: bytes | None = None
    ) -> Response:
        """Send one request on a new connection. Raises Unreachable."""
        connection = self._connect()
        try:
            defaults = {"User-Agent": USER_AGENT, "Connection": "close"}
            connection.request(method, path, body=body, headers=defaults | headers)
            response = connection.getresponse()
            return Response(response.status, response.headers, response.read())
        except (OSError, HTTPException) as error:
            raise Unreachable(describe_error(error)) from None
        finally:
            connection.close()

    def _connect(self) -> HTTPConnection:
        host, port = self.url.hostname or "", self.url.port
        if self.is_secure:
            return HTTPSConnection(host, port, timeout=self.timeout_seconds, context=self.tls)
        return HTTPConnection(host, port, timeout=self.timeout_seconds)
