"""A fuzzed conversation: sends messages over two sockets of one user, and checks the answers.

The project's own parser, which `test_parser` checks, says how many answers a message must get. Here
we check from outside that each answer is well-formed and arrives once, and that no more follow.
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

from hubbub.realtime.protocol import json_frames
from hubbub.realtime.protocol.json_frames import CommandProblem
from loadtests.lib.servers import Replica
from loadtests.lib.simulation.account import Account
from tests.fuzz.server_frames import ANSWERS, ensure_valid_frame
from tests.support.raw_socket import open_socket

ANSWER_SECONDS = 20
LAST_REF = "the last one"
# In these conversations, the server closes a socket only for a message that is too big to be read,
# or for invalid UTF-8.
TOO_BIG_BYTES = 4 * settings.MAX_FRAME_BYTES
TOO_BIG_CODES, NOT_UTF8_CODES = {1009, 1006}, {1007, 1006}


@dataclass(frozen=True, slots=True)
class Step:
    """One message from the client: text or binary, in one frame or in several."""

    data: bytes
    socket: int = 0
    binary: bool = False
    pieces: int = 1

    @property
    def text(self) -> str | None:
        return None if self.binary else self.data.decode()

    @property
    def close_codes(self) -> set[int]:
        """The possible close codes; empty if the message is answered instead."""
        if len(self.data) > TOO_BIG_BYTES:
            return TOO_BIG_CODES
        return set() if self.binary or _is_utf8(self.data) else NOT_UTF8_CODES


@dataclass(slots=True)
class ExpectedAnswers:
    """For each `ref`, how many answers must still arrive, and how many may arrive."""

    required: Counter[str] = field(default_factory=Counter)
    possible: Counter[str] = field(default_factory=Counter)
    max_replayed: int = 0  # the most events that may be replayed

    def add(self, text: str | None) -> None:
        try:
            ref, command = json_frames.parse(text)
        except CommandProblem as problem:
            self.required[_key(problem.ref)] += 1
            return
        match command:
            case json_frames.Typing():
                self.possible[_key(ref)] += 1
            case json_frames.Subscribe(rooms) if len(rooms) <= settings.MAX_ROOMS_PER_SUBSCRIBE:
                self.required[_key(ref)] += len(rooms)
                self.max_replayed += len(rooms) * settings.REPLAY_MAX_EVENTS
            case _:
                self.required[_key(ref)] += 1

    def remove(self, frame: dict[str, Any]) -> None:
        key = _key(frame.get("ref"))
        answers = self.required if self.required[key] else self.possible
        assert answers[key] > 0, f"unexpected answer {frame}"
        answers[key] -= 1

    @property
    def all_received(self) -> bool:
        return not any(self.required.values())


async def converse(user: Account, replica: Replica, steps: Sequence[Step]) -> None:
    """Send all steps without waiting for answers, then check what the server sends."""
    async with AsyncExitStack() as stack:
        sockets = [await stack.enter_async_context(open_socket(user, replica)) for _ in range(2)]
        for number, socket in enumerate(sockets):
            own = [step for step in steps if step.socket == number]
            closing = next((at for at, step in enumerate(own) if step.close_codes), None)
            await _send_all(socket, own)
            if closing is None:
                await _expect_answers(socket, own)
            else:
                await _expect_close(socket, own[closing])


async def _send_all(socket: ClientConnection, steps: Sequence[Step]) -> None:
    try:
        for step in steps:
            size = max(1, -(-len(step.data) // step.pieces))
            pieces = [step.data[at : at + size] for at in range(0, len(step.data), size)]
            data = pieces if step.pieces > 1 and len(pieces) > 1 else step.data
            await socket.send(data, text=not step.binary)
    except ConnectionClosed:
        pass  # `_expect_close` checks the close code


async def _expect_answers(socket: ClientConnection, steps: Sequence[Step]) -> None:
    expected = ExpectedAnswers()
    for text in [step.text for step in steps] + [json.dumps({"type": "ping", "ref": LAST_REF})]:
        expected.add(text)
    await socket.send(json.dumps({"type": "ping", "ref": LAST_REF}))
    frames = 0
    async with asyncio.timeout(ANSWER_SECONDS):
        while not expected.all_received:
            data = await socket.recv()
            frame = json.loads(data)
            ensure_valid_frame(frame, len(str(data).encode()))
            frames += 1
            if frame["type"] in ANSWERS:
                expected.remove(frame)
    # Each command causes at most one event or a few presence changes on each socket.
    assert frames <= expected.max_replayed + 20 * (len(steps) + 1)


async def _expect_close(socket: ClientConnection, step: Step) -> None:
    async with asyncio.timeout(ANSWER_SECONDS):
        while True:
            try:
                data = await socket.recv()
            except ConnectionClosed as closed:
                code = closed.rcvd.code if closed.rcvd else 1006
                assert code in step.close_codes, (code, step)
                return
            ensure_valid_frame(json.loads(data), len(str(data).encode()))


def _is_utf8(data: bytes) -> bool:
    try:
        return data.decode() is not None
    except UnicodeDecodeError:
        return False


def _key(ref: object) -> str:
    return json.dumps(ref)
