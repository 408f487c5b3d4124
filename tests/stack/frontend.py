"""nginx with our templates in front of small servers that echo what they receive.

These are for tests of nginx alone, which need no database and no part of Hubbub, and start in a
second.
"""

import json
import socket
import threading
from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from http.client import HTTPConnection, HTTPSConnection
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from ssl import CERT_NONE, create_default_context
from typing import Any, Self

from loadtests.lib.servers.nginx import Nginx
from loadtests.lib.servers.process import HOST
from scripts.stack.nginx import Address


@dataclass
class Answer:
    status: int
    headers: list[tuple[str, str]]
    text: str

    def all(self, name: str) -> list[str]:
        return [value for key, value in self.headers if key.lower() == name.lower()]

    def json(self) -> Any:
        return json.loads(self.text)


class Backend(ThreadingHTTPServer):
    """A server behind nginx that responds with the request that it received.

    It responds to the path `missing` with 404. With `hangs_up`, it closes each connection instead.
    """

    daemon_threads = True
    request_queue_size = 64

    def __init__(
        self,
        name: str,
        *,
        host: str = HOST,
        port: int = 0,
        missing: str = "",
        hangs_up: bool = False,
    ) -> None:
        super().__init__((host, port), EchoHandler)
        self.name, self.missing, self.hangs_up, self.requests = name, missing, hangs_up, 0
        self.thread = threading.Thread(target=self.serve_forever, args=(0.02,), daemon=True)
        self.thread.start()

    @property
    def port(self) -> int:
        return int(self.server_address[1])

    def close(self) -> None:
        self.shutdown()
        self.server_close()


class EchoHandler(BaseHTTPRequestHandler):
    server: Backend
    protocol_version = "HTTP/1.1"

    def do_GET(self) -> None:
        self.server.requests += 1
        if self.server.hangs_up:
            self.close_connection = True
            return
        body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
        request = {
            "name": self.server.name,
            "path": self.path,
            "headers": {name.lower(): value for name, value in self.headers.items()},
            "body": body.decode(),
        }
        text = json.dumps(request).encode()
        self.send_response(404 if self.path == self.server.missing else 200)
        self.send_header("Content-Length", str(len(text)))
        self.end_headers()
        self.wfile.write(text)

    do_POST = do_PATCH = do_DELETE = do_GET

    def log_message(self, *_: object) -> None:
        """Log nothing."""


class Frontend:
    def __init__(self) -> None:
        self.nginx = Nginx()
        self._cleanup = ExitStack()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._cleanup.close()
        self.nginx.close()

    @property
    def port(self) -> int:
        return self.nginx.port

    def start_backend(self, name: str, **options: Any) -> Backend:
        """Start a backend. It stops at the end of the test."""
        process = Backend(name, **options)
        self._cleanup.callback(process.close)
        return process

    def start(
        self,
        web: Sequence[int],
        realtime: Sequence[int] | None = None,
        variables: Mapping[str, str] | None = None,
        **more: str,
    ) -> Self:
        self.write_list(web, realtime)
        self.nginx.write_configuration({**(variables or {}), **more})
        self.nginx.start()
        return self

    def write_list(self, web: Sequence[int], realtime: Sequence[int] | None = None) -> None:
        self.nginx.write_upstreams(_local(web), _local(realtime or web))

    def get(
        self, path: str, method: str = "GET", body: str = "", source: str = HOST, **headers: str
    ) -> Answer:
        connection = HTTPConnection(HOST, self.port, timeout=20, source_address=(source, 0))
        return _answer(connection, method, path, body, headers)

    def get_secure(self, path: str) -> Answer:
        context = create_default_context()
        context.check_hostname, context.verify_mode = False, CERT_NONE
        connection = HTTPSConnection(HOST, self.nginx.tls_port, timeout=20, context=context)
        return _answer(connection, "GET", path, "", {})

    def logged(self) -> list[dict[str, str]]:
        lines = (self.nginx.folder / "access.log").read_text().splitlines()
        return [json.loads(line) for line in lines]


def _local(ports: Sequence[int]) -> list[Address]:
    return [(HOST, port) for port in ports]


def _answer(
    connection: HTTPConnection, method: str, path: str, body: str, headers: dict[str, str]
) -> Answer:
    try:
        named = {name.replace("_", "-"): value for name, value in headers.items()}
        connection.request(method, path, body or None, named)
        answer = connection.getresponse()
        return Answer(answer.status, answer.getheaders(), answer.read().decode())
    finally:
        connection.close()


@contextmanager
def name_server(addresses: dict[str, list[str]]) -> Iterator[int]:
    """Answer DNS queries for A records from `addresses`, which the test may change."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sock:
        sock.bind((HOST, 0))
        thread = threading.Thread(target=_serve_names, args=(sock, addresses), daemon=True)
        thread.start()
        port = sock.getsockname()[1]
        try:
            yield port
        finally:
            sock.sendto(b"", (HOST, port))  # stops the thread
            thread.join()


def _serve_names(sock: socket.socket, addresses: dict[str, list[str]]) -> None:
    while True:
        query, client = sock.recvfrom(512)
        if not query:
            return
        sock.sendto(_name_answer(query, addresses), client)


def _name_answer(query: bytes, addresses: dict[str, list[str]]) -> bytes:
    """Build the answer to a query for one name (RFC 1035, section 4)."""
    labels, at = [], 12
    while length := query[at]:
        labels.append(query[at + 1 : at + 1 + length].decode())
        at += length + 1
    found = addresses.get(".".join(labels), [])
    records = b"".join(
        b"\xc0\x0c\x00\x01\x00\x01\x00\x00\x00\x01\x00\x04" + socket.inet_aton(one) for one in found
    )
    flags = b"\x81\x80" if found else b"\x81\x83"
    counts = b"\x00\x01" + len(found).to_bytes(2, "big") + b"\x00\x00\x00\x00"
    return query[:2] + flags + counts + query[12 : at + 5] + records
