"""Somebody who comes in by TLS, trusting a certificate that nobody else signed."""

import json
import ssl
from http.client import HTTPSConnection
from pathlib import Path

from websockets.sync.client import connect
from websockets.typing import Origin

from tests.stack.people import Deployed


def somebody_talks_by_tls(deployed: Deployed, port: int, certificate: Path, folder: Path) -> None:
    """Load a page, whose cookies have to be secure, and say something over a socket."""
    url = f"https://localhost:{port}"
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

    deployed.manage("seed", "--yes", "--users", "2", "--sessions", str(folder / "sessions"))
    somebody = (folder / "sessions").read_text().splitlines()[0]
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
