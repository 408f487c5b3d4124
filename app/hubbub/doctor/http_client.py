"""One HTTP request through the deployment's public address, as any browser or stranger may send it.

Plain http.client: what comes must be seen as it is, so no redirect is followed, nothing is
unpacked, and any Host or Origin may be sent. Certificates are checked.
"""

import ssl
from dataclasses import dataclass, field
from http.client import HTTPConnection, HTTPException, HTTPMessage, HTTPSConnection
from urllib.parse import SplitResult

from hubbub.doctor.results import reason_of

AGENT = "hubbub-doctor"


class Unreachable(Exception):
    """No answer came; the text says why."""


@dataclass(frozen=True, slots=True)
class Answer:
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
class Address:
    """Where the deployment is looked at, and how long an answer may take."""

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

    def get(self, path: str, **headers: str) -> Answer:
        return self.ask("GET", path, headers)

    def ask(
        self, method: str, path: str, headers: dict[str, str], body: bytes | None = None
    ) -> Answer:
        """Send one request on a connection of its own. Raises Unreachable."""
        connection = self._connect()
        try:
            given = {"User-Agent": AGENT, "Connection": "close"} | headers
            connection.request(method, path, body=body, headers=given)
            answer = connection.getresponse()
            return Answer(answer.status, answer.headers, answer.read())
        except (OSError, HTTPException) as error:
            raise Unreachable(reason_of(error)) from None
        finally:
            connection.close()

    def _connect(self) -> HTTPConnection:
        host, port = self.url.hostname or "", self.url.port
        if self.is_secure:
            return HTTPSConnection(host, port, timeout=self.timeout_seconds, context=self.tls)
        return HTTPConnection(host, port, timeout=self.timeout_seconds)
