"""nginx with our templates, in front of small servers that tell what they were asked.

For what has to do with nginx alone: no database, nothing of Hubbub, a second to start.
"""

import json
import shutil
import signal
import socket
import subprocess
import threading
from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from http.client import HTTPConnection, HTTPSConnection
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from ssl import CERT_NONE, create_default_context
from tempfile import mkdtemp
from typing import Any, Self

from loadtests.servers.process import HOST, ROOT, free_port
from loadtests.servers.stack import until
from scripts.stack import templates
from scripts.stack.certificate import make_certificate
from scripts.stack.programs import find, is_root

TEMPLATES = ROOT / "deploy/nginx"


@dataclass
class Answer:
    status: int
    headers: list[tuple[str, str]]
    text: str

    def all(self, name: str) -> list[str]:
        return [value for key, value in self.headers if key.lower() == name.lower()]

    def json(self) -> Any:
        return json.loads(self.text)


class Behind(ThreadingHTTPServer):
    """A process behind nginx, which answers with what it was asked.

    `missing` is a path that it has nothing at; one that `hangs_up` takes requests and answers none.
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
        super().__init__((host, port), _Tell)
        self.name, self.missing, self.hangs_up, self.asked = name, missing, hangs_up, 0
        self.thread = threading.Thread(target=self.serve_forever, args=(0.02,), daemon=True)
        self.thread.start()

    @property
    def port(self) -> int:
        return int(self.server_address[1])

    def close(self) -> None:
        self.shutdown()
        self.server_close()


class _Tell(BaseHTTPRequestHandler):
    server: Behind
    protocol_version = "HTTP/1.1"

    def do_GET(self) -> None:
        self.server.asked += 1
        if self.server.hangs_up:
            self.close_connection = True
            return
        body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
        told = {
            "name": self.server.name,
            "path": self.path,
            "headers": {name.lower(): value for name, value in self.headers.items()},
            "body": body.decode(),
        }
        text = json.dumps(told).encode()
        self.send_response(404 if self.path == self.server.missing else 200)
        self.send_header("Content-Length", str(len(text)))
        self.end_headers()
        self.wfile.write(text)

    do_POST = do_PATCH = do_DELETE = do_GET

    def log_message(self, *_: object) -> None:
        """Say nothing."""


@dataclass
class Front:
    folder: Path = field(default_factory=lambda: Path(mkdtemp(prefix="hubbub-front-")))
    port: int = field(default_factory=free_port)
    tls_port: int = field(default_factory=free_port)
    process: subprocess.Popen[bytes] | None = None
    stack: ExitStack = field(default_factory=ExitStack)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.stop()
        self.stack.close()
        shutil.rmtree(self.folder, ignore_errors=True)

    def behind(self, name: str, **options: Any) -> Behind:
        """Start a process behind it, which ends with the test."""
        process = Behind(name, **options)
        self.stack.callback(process.close)
        return process

    def fill(self, **variables: str) -> None:
        (self.folder / "run").mkdir(exist_ok=True)
        chosen = {
            "LISTEN": f"{HOST}:{self.port}",
            "LISTEN_TLS": f"{HOST}:{self.tls_port}",
            "UPSTREAMS": "list",
            "UPSTREAM_LIST": str(self.folder / "upstreams.conf"),
            "RUN_DIR": str(self.folder / "run"),
            "PAGES_DIR": str(TEMPLATES / "pages"),
            "ACCESS_LOG": str(self.folder / "access.log"),
            "ERROR_LOG": str(self.folder / "error.log"),
            "PUBLIC_URL": f"https://{HOST}:{self.tls_port}",
            "WORKER_PROCESSES": "1",
            "WORKER_CONNECTIONS": "512",
            "WORKER_FILES": "1024",
        }
        if variables.get("SERVER") == "tls":
            certificate, key = make_certificate(self.folder)
            chosen |= {"TLS_CERTIFICATE": str(certificate), "TLS_KEY": str(key)}
        templates.fill(TEMPLATES, self.folder / "conf", chosen | variables)

    def write_list(self, web: Sequence[int], realtime: Sequence[int] | None = None) -> None:
        text = ""
        for name, ports in (("web_list", web), ("realtime_list", realtime or web)):
            servers = "".join(f"server {HOST}:{port} max_fails=0;" for port in ports)
            text += f"upstream {name} {{ zone {name} 64k; {servers} }}\n"
        (self.folder / "upstreams.conf").write_text(text)

    def start(
        self,
        web: Sequence[int],
        realtime: Sequence[int] | None = None,
        variables: Mapping[str, str] | None = None,
        **more: str,
    ) -> Self:
        self.write_list(web, realtime)
        self.fill(**(variables or {}), **more)
        self.process = subprocess.Popen(self.command("daemon off;"))
        until(self._listens)
        return self

    def stop(self) -> None:
        if self.process is not None:
            self.process.send_signal(signal.SIGTERM)
            self.process.wait(10)

    def test(self) -> str:
        """Return what nginx has against its configuration."""
        done = subprocess.run([*self.command(), "-t", "-q"], capture_output=True, text=True)
        return done.stderr if done.returncode else ""

    def command(self, directives: str = "") -> list[str]:
        binary = find("nginx")
        assert binary is not None, "nginx is not installed: scripts/bring-servers brings it."
        directives += "user root;" if is_root() else ""
        configuration = str(self.folder / "conf/nginx.conf")
        return [
            binary,
            "-p",
            str(self.folder),
            "-c",
            configuration,
            "-e",
            "stderr",
            "-g",
            directives,
        ]

    def get(
        self, path: str, method: str = "GET", body: str = "", source: str = HOST, **headers: str
    ) -> Answer:
        connection = HTTPConnection(HOST, self.port, timeout=20, source_address=(source, 0))
        return _answer(connection, method, path, body, headers)

    def get_secure(self, path: str) -> Answer:
        context = create_default_context()
        context.check_hostname, context.verify_mode = False, CERT_NONE
        connection = HTTPSConnection(HOST, self.tls_port, timeout=20, context=context)
        return _answer(connection, "GET", path, "", {})

    def logged(self) -> list[dict[str, str]]:
        lines = (self.folder / "access.log").read_text().splitlines()
        return [json.loads(line) for line in lines]

    def _listens(self) -> bool:
        assert self.process is not None
        assert self.process.poll() is None, "nginx ended"
        with socket.socket() as probe:
            return probe.connect_ex((HOST, self.port)) == 0


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
    """Answer DNS questions for A records from `addresses`, which may change meanwhile."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sock:
        sock.bind((HOST, 0))
        thread = threading.Thread(target=_serve_names, args=(sock, addresses), daemon=True)
        thread.start()
        port = sock.getsockname()[1]
        yield port
        sock.sendto(b"", (HOST, port))  # the end
        thread.join()


def _serve_names(sock: socket.socket, addresses: dict[str, list[str]]) -> None:
    while True:
        question, asker = sock.recvfrom(512)
        if not question:
            return
        sock.sendto(_name_answer(question, addresses), asker)


def _name_answer(question: bytes, addresses: dict[str, list[str]]) -> bytes:
    """Build the answer to a question of one name (RFC 1035, section 4)."""
    labels, at = [], 12
    while length := question[at]:
        labels.append(question[at + 1 : at + 1 + length].decode())
        at += length + 1
    found = addresses.get(".".join(labels), [])
    records = b"".join(
        b"\xc0\x0c\x00\x01\x00\x01\x00\x00\x00\x01\x00\x04" + socket.inet_aton(one) for one in found
    )
    flags = b"\x81\x80" if found else b"\x81\x83"
    counts = b"\x00\x01" + len(found).to_bytes(2, "big") + b"\x00\x00\x00\x00"
    return question[:2] + flags + counts + question[12 : at + 5] + records
