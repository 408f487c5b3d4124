"""A fuzzed conversation: what is put on two sockets of one person, and what has to come back.

How many answers a frame is owed is read from the project's own parser, which `test_parser` holds
to the protocol; that they come, each once, in its shape and not without end, is seen from outside.
"""

import asyncio
import json
from collections import Counter
from collections.abc import Sequence
from contextlib import AsyncExitStack
from dataclasses import dataclass, field
from typing import Any

from django.conf import settings
from websockets.asyncio.client import ClientConnection
from websockets.exceptions import ConnectionClosed

from hubbub.realtime.protocol import messages
from hubbub.realtime.protocol.messages import Problem
from loadtests.lib.servers import Replica
from loadtests.lib.simulation.account import Account
from tests.fuzz.protocol_frames import ANSWERS, ensure_spoken
from tests.support.raw_socket import socket_of

QUERY_TIMEOUT_SECONDS = 20
LAST = "the last one"
# What is not read at all, and what is not text: the only closes that these conversations may meet.
UNREAD_BYTES = 4 * settings.MAX_FRAME_BYTES
UNREAD_CODES, NOT_TEXT_CODES = {1009, 1006}, {1007, 1006}


@dataclass(frozen=True, slots=True)
class Step:
    """One message of the client's: as text or binary, in one frame or in several."""

    data: bytes
    socket: int = 0
    binary: bool = False
    pieces: int = 1

    @property
    def text(self) -> str | None:
        return None if self.binary else self.data.decode()

    @property
    def closes(self) -> set[int]:
        """The codes that it is closed with; empty where it is answered."""
        if len(self.data) > UNREAD_BYTES:
            return UNREAD_CODES
        return set() if self.binary or _is_utf8(self.data) else NOT_TEXT_CODES


@dataclass(slots=True)
class Owed:
    """Answers that are still to come, by `ref`, and those that may come besides."""

    sure: Counter[str] = field(default_factory=Counter)
    perhaps: Counter[str] = field(default_factory=Counter)
    events: int = 0  # at most, replayed

    def add(self, text: str | None) -> None:
        try:
            ref, command = messages.parse(text)
        except Problem as problem:
            self.sure[_key(problem.ref)] += 1
            return
        match command:
            case messages.Typing():
                self.perhaps[_key(ref)] += 1
            case messages.Subscribe(rooms) if len(rooms) <= settings.MAX_ROOMS_PER_SUBSCRIBE:
                self.sure[_key(ref)] += len(rooms)
                self.events += len(rooms) * settings.REPLAY_MAX_EVENTS
            case _:
                self.sure[_key(ref)] += 1

    def take(self, frame: dict[str, Any]) -> None:
        key = _key(frame.get("ref"))
        owed = self.sure if self.sure[key] else self.perhaps
        assert owed[key] > 0, f"nobody asked for {frame}"
        owed[key] -= 1

    @property
    def settled(self) -> bool:
        return not any(self.sure.values())


async def converse(person: Account, replica: Replica, steps: Sequence[Step]) -> None:
    """Take the steps, all without waiting for answers; hold what comes back to the protocol."""
    async with AsyncExitStack() as stack:
        sockets = [await stack.enter_async_context(socket_of(person, replica)) for _ in range(2)]
        for number, socket in enumerate(sockets):
            own = [step for step in steps if step.socket == number]
            closing = next((at for at, step in enumerate(own) if step.closes), None)
            await _say(socket, own)
            if closing is None:
                await _hear(socket, own)
            else:
                await _hear_close(socket, own[closing])


async def _say(socket: ClientConnection, steps: Sequence[Step]) -> None:
    try:
        for step in steps:
            size = max(1, -(-len(step.data) // step.pieces))
            whole = [step.data[at : at + size] for at in range(0, len(step.data), size)]
            data = whole if step.pieces > 1 and len(whole) > 1 else step.data
            await socket.send(data, text=not step.binary)
    except ConnectionClosed:
        pass  # its code is what counts


async def _hear(socket: ClientConnection, steps: Sequence[Step]) -> None:
    owed = Owed()
    for text in [step.text for step in steps] + [json.dumps({"type": "ping", "ref": LAST})]:
        owed.add(text)
    await socket.send(json.dumps({"type": "ping", "ref": LAST}))
    frames = 0
    async with asyncio.timeout(QUERY_TIMEOUT_SECONDS):
        while not owed.settled:
            data = await socket.recv()
            frame = json.loads(data)
            ensure_spoken(frame, len(str(data).encode()))
            frames += 1
            if frame["type"] in ANSWERS:
                owed.take(frame)
    # Each command makes an event for each of the sockets, or a few of presence, at most.
    assert frames <= owed.events + 20 * (len(steps) + 1)


async def _hear_close(socket: ClientConnection, step: Step) -> None:
    async with asyncio.timeout(QUERY_TIMEOUT_SECONDS):
        while True:
            try:
                data = await socket.recv()
            except ConnectionClosed as closed:
                code = closed.rcvd.code if closed.rcvd else 1006
                assert code in step.closes, (code, step)
                return
            ensure_spoken(json.loads(data), len(str(data).encode()))


def _is_utf8(data: bytes) -> bool:
    try:
        return data.decode() is not None
    except UnicodeDecodeError:
        return False


def _key(ref: object) -> str:
    return json.dumps(ref)
