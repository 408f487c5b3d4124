"""A client that connects over TLS and trusts a self-signed certificate."""

import asyncio
import json
import ssl
from http.client import HTTPSConnection
from pathlib import Path

from websockets.asyncio.client import connect
from websockets.typing import Origin

from tests.stack.deployed_stage import Deployed


def assert_tls_works(deployed: Deployed, port: int, certificate: Path, folder: Path) -> None:
    """Load a page, which must set secure cookies. Send a message over a WebSocket."""
    trusted = ssl.create_default_context(cafile=str(certificate))
    page = HTTPSConnection("localhost", port, timeout=20, context=trusted)
    page.request("GET", "/accounts/login/")
    answer = page.getresponse()
    answer.read()
    assert answer.status == 200
    cookies = answer.headers.get_all("Set-Cookie", [])
    assert cookies
    assert all("; Secure" in cookie for cookie in cookies)
    assert answer.headers.get_all("Strict-Transport-Security") == ["max-age=31536000"]

    deployed.manage("seed", "--yes", "--users", "2", "--sessions", str(folder / "sessions"))
    account = (folder / "sessions").read_text().splitlines()[0]
    identity = {"Cookie": account.removeprefix("Cookie: ")}
    page.request("GET", "/api/rooms", headers=identity)
    room = json.loads(page.getresponse().read())[0]["id"]
    page.close()
    asyncio.run(_send_message(port, trusted, identity, room))


async def _send_message(
    port: int, trusted: ssl.SSLContext, identity: dict[str, str], room: int
) -> None:
    # This uses no threads: in Python 3.13.0, a send during a receive in another thread can fail
    # with "internal error".
    async with (
        connect(
            f"wss://localhost:{port}/ws/",
            ssl=trusted,
            origin=Origin(f"https://localhost:{port}"),
            additional_headers=identity,
            proxy=None,
        ) as socket,
        asyncio.timeout(20),
    ):
        assert json.loads(await socket.recv())["type"] == "welcome"
        message = {"room": room, "nonce": "first", "body": "hello by TLS"}
        await socket.send(json.dumps({"type": "message.send", "ref": 1, **message}))
        while (frame := json.loads(await socket.recv())).get("ref") != 1:
            pass
        assert (frame["type"], frame["message"]["body"]) == ("ok", "hello by TLS")
