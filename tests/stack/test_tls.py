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
    answer.read()
    assert answer.status == 200
    cookies = answer.headers.get_all("Set-Cookie", [])
    assert cookies
    assert all("; Secure" in cookie for cookie in cookies)
    assert answer.headers.get_all("Strict-Transport-Security") == ["max-age=31536000"]

    stack.manage("seed", "--yes", "--users", "2", "--sessions", str(tmp_path / "sessions"))
    somebody = (tmp_path / "sessions").read_text().splitlines()[0]
    identity = {"Cookie": somebody.removeprefix("Cookie: ")}
    page.request("GET", "/api/rooms", headers=identity)
    room = json.loads(page.getresponse().read())[0]["id"]
    page.close()
    with connect(
        f"wss://localhost:{port}/ws/",
        ssl=trusting,
        origin=Origin(url),
        additional_headers=identity,
        proxy=None,
    ) as socket:
        assert json.loads(socket.recv(timeout=10))["type"] == "welcome"
        said = {"room": room, "nonce": "first", "body": "hello by TLS"}
        socket.send(json.dumps({"type": "message.send", "ref": 1, **said}))
        while (frame := json.loads(socket.recv(timeout=10))).get("ref") != 1:
            pass
        assert (frame["type"], frame["message"]["body"]) == ("ok", "hello by TLS")
