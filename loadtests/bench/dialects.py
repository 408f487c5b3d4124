"""How the two chats are spoken, as far as load needs it: open a room, send, know what came.

A message's text is `bench <number> .`, by which a delivery is recognised without parsing JSON.
"""

import json
from abc import ABC, abstractmethod

MARK = b"bench "


class Dialect(ABC):
    """`answers`: whether a send is answered to its sender, apart from its delivery to all."""

    answers: bool

    @abstractmethod
    def path(self, room: str) -> str: ...

    @abstractmethod
    def headers(self, address: str, identity: str) -> dict[str, str]: ...

    @abstractmethod
    def open(self, room: str) -> bytes | None:
        """Return the frame that opens a room; None where connecting has done it."""

    @abstractmethod
    def is_open(self, payload: bytes) -> bool: ...

    @abstractmethod
    def send(self, room: str, number: int) -> bytes: ...

    @abstractmethod
    def is_delivery(self, payload: bytes) -> bool: ...

    @abstractmethod
    def is_answer(self, payload: bytes) -> bool: ...


class Hubbub(Dialect):
    answers = True

    def __init__(self, run: str) -> None:
        self.run = run  # in every nonce: two runs on one database send different messages

    def path(self, room: str) -> str:
        return "/ws/"

    def headers(self, address: str, identity: str) -> dict[str, str]:
        header, _, value = identity.partition(": ")
        own = {"Origin": f"http://{address}", "Sec-WebSocket-Protocol": "hubbub.v1"}
        return own | {header: value}

    def open(self, room: str) -> bytes | None:
        return json.dumps({"type": "subscribe", "rooms": {room: None}}).encode()

    def is_open(self, payload: bytes) -> bool:
        return payload.startswith(b'{"type":"subscribed"')

    def send(self, room: str, number: int) -> bytes:
        return (
            f'{{"type":"message.send","room":{room},"nonce":"{self.run}-{number}",'
            f'"body":"bench {number} .","ref":{number}}}'
        ).encode()

    def is_delivery(self, payload: bytes) -> bool:
        return payload.startswith(b'{"type":"message.created"')

    def is_answer(self, payload: bytes) -> bool:
        return payload.startswith(b'{"type":"ok"')


class Tutorial(Dialect):
    answers = False

    def path(self, room: str) -> str:
        return f"/ws/chat/{room}/"

    def headers(self, address: str, identity: str) -> dict[str, str]:
        return {"Origin": f"http://{address}"}

    def open(self, room: str) -> bytes | None:
        return None

    def is_open(self, payload: bytes) -> bool:
        return False

    def send(self, room: str, number: int) -> bytes:
        return f'{{"message":"bench {number} ."}}'.encode()

    def is_delivery(self, payload: bytes) -> bool:
        return True

    def is_answer(self, payload: bytes) -> bool:
        return False


def number_of(payload: bytes) -> int:
    """Return the number of the benchmark's message that a frame carries, or -1."""
    start = payload.find(MARK)
    if start < 0:
        return -1
    start += len(MARK)
    return int(payload[start : payload.index(b" ", start)])


def dialect_of(name: str, run: str) -> Dialect:
    return Hubbub(run) if name == "hubbub" else Tutorial()
