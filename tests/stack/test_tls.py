"""A stack with TLS, by a certificate that nobody else signed."""

import json
import ssl
from http.client import HTTPSConnection
from pathlib import Path

from websockets.sync.client import connect
from websockets.typing import Origin

from loadtests.servers.process import free_port
from tests.stack.conftest import MakeStack


def test_sockets_talk_and_cookies_are_secure(make_stack: MakeStack, tmp_path: Path) -> None:
    port = free_port()
    url = f"https://localhost:{port}"
    stack = make_stack(TLS="1", TLS_PORT=str(port), PUBLIC_URL=url, REPLICAS="1").start()
    certificate = stack.folder / "stack/nginx/tls/tls.crt"
    trusting = ssl.create_default_context(cafile=str(certificate))
    page = HTTPSConnection("localhost", port, timeout=20, context=trusting)
    page.request("GET", "/accounts/login/")
    answer = page.getresponse()
    assert answer.status == 200
    assert all("; Secure" in cookie for cookie in answer.headers.get_all("Set-Cookie", []))
    assert answer.headers.get_all("Strict-Transport-Security") == ["max-age=31536000"]
    page.close()

    stack.manage("seed", "--yes", "--users", "2", "--sessions", str(tmp_path / "sessions"))
    sessions = (tmp_path / "sessions").read_text().splitlines()
    cookies = [line.removeprefix("Cookie: ") for line in sessions]
    at = f"wss://localhost:{port}/ws/"
    with connect(
        at,
        ssl=trusting,
        origin=Origin(url),
        additional_headers={"Cookie": cookies[0]},
        proxy=None,
    ) as socket:
        welcome = json.loads(socket.recv(timeout=10))
        assert welcome["type"] == "welcome"
