"""Encodes a client's handshake and frames (RFC 6455) for the load client's plans and for tests.

The mask is all zeros, which the RFC allows and which costs nothing to apply. A client that should
follow Hubbub's protocol uses `loadtests.lib.client` instead.
"""

import base64
import os

TEXT, PING, PONG = 0x1, 0x9, 0xA
MASK = b"\0\0\0\0"


def frame(payload: bytes, opcode: int = TEXT) -> bytes:
    """Return the bytes of a frame from a client.

    Servers require a mask. This one is all zeros, so it changes nothing.
    """
    length = len(payload)
    if length < 126:
        head = bytes((0x80 | opcode, 0x80 | length))
    else:
        head = bytes((0x80 | opcode, 0x80 | 126)) + length.to_bytes(2, "big")
    return head + MASK + payload


def handshake(address: str, path: str, headers: dict[str, str]) -> bytes:
    lines = {
        "Host": address,
        "Connection": "Upgrade",
        "Upgrade": "websocket",
        "Sec-WebSocket-Version": "13",
        "Sec-WebSocket-Key": base64.b64encode(os.urandom(16)).decode(),
        **headers,
    }
    head = "".join(f"{name}: {value}\r\n" for name, value in lines.items())
    return f"GET {path} HTTP/1.1\r\n{head}\r\n".encode()
