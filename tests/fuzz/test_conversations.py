"""Everything sent on a socket gets the protocol's answers or a close; no other user is affected."""

import asyncio
import json
from collections.abc import Coroutine, Iterator
from contextlib import suppress
from dataclasses import dataclass
from itertools import cycle
from threading import Thread
from typing import Any

import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from websockets.exceptions import ConnectionClosed

from loadtests.lib.simulation.account import Account
from tests.cluster.stage import Stage, opened, sending
from tests.fuzz.command_strategies import SOME_JSON, TEXT, commands, defective
from tests.fuzz.conversation import Step, converse
from tests.fuzz.rounds import TIMES, examples
from tests.support.raw_socket import open_socket, read_until

pytestmark = [
    pytest.mark.deployment,
    pytest.mark.our_server,
    pytest.mark.timeout(120 * TIMES),
]

MAX_STEPS = 12  # so few that even if all are bad frames, they do not close the socket
RUN_SECONDS = 60
UNKNOWN_ID = 10**17


@dataclass
class Disturbance:
    """An event loop in a thread, where two users chat while the tests send fuzzed data."""

    loop: asyncio.AbstractEventLoop
    users: Iterator[Account]  # the users who send the fuzzed data

    def run(self, work: Coroutine[Any, Any, None]) -> None:
        asyncio.run_coroutine_threadsafe(work, self.loop).result(RUN_SECONDS)


@pytest.fixture
def disturbance(target: Stage) -> Iterator[Disturbance]:
    loop, done = asyncio.new_event_loop(), asyncio.Event()
    thread = Thread(target=loop.run_forever)
    thread.start()
    chatting = target.users(2)
    room = target.room(chatting)
    chat = asyncio.run_coroutine_threadsafe(chat_until(target, chatting, room, done), loop)
    others = target.users(12)[2:]
    target.room(others)
    try:
        yield Disturbance(loop, cycle(others))
    finally:
        loop.call_soon_threadsafe(done.set)
        try:
            chat.result(RUN_SECONDS)
        finally:
            loop.call_soon_threadsafe(loop.stop)
            thread.join()
            loop.close()


async def chat_until(
    target: Stage, chatting: list[Account], room: int, done: asyncio.Event
) -> None:
    """Chat over both replicas until `done` is set. Check that no message and no socket is lost."""
    clients = [target.client(person, replica) for replica, person in enumerate(chatting)]
    async with opened(clients, room):
        welcomes = [client.protocol.welcome for client in clients]
        async with sending(clients, [room]):
            await done.wait()
        await target.settle(room, clients)
        assert [client.protocol.welcome for client in clients] == welcomes
        await target.assert_consistent(clients)


# The ids of the lobby, of rooms from the demo data and the tests, and of unknown rooms.
ROOMS = st.integers(1, 12) | st.sampled_from([UNKNOWN_ID, 10**18 - 1])
MESSAGES = st.integers(1, 60) | st.sampled_from([UNKNOWN_ID, 2**63 - 1])
TEXTS = (
    defective(commands(ROOMS, MESSAGES))
    | commands(ROOMS, MESSAGES).map(json.dumps)
    | TEXT
    | SOME_JSON
)
STEPS = st.builds(
    Step,
    data=TEXTS.map(lambda text: text.encode(errors="surrogatepass")) | st.binary(max_size=50),
    socket=st.integers(0, 1),
    binary=st.sampled_from([False] * 7 + [True]),
    pieces=st.sampled_from([1, 1, 1, 2, 7]),
)


@given(steps=st.lists(STEPS, max_size=MAX_STEPS))
@examples(200)
@example([Step(b'{"type":"subscribe","rooms":{"1":0,"1\\n":0},"ref":1}')])
@example([Step(b'{"type":"ping","ref":' + b"9" * 4_000 + b"}")])
@example([Step(b'{"type":"ping"}', pieces=15), Step(b"", binary=True), Step(b"")])
@example([Step(b"x" * 300_000), Step(b"\xff", socket=1)])
def test_everything_sent_is_answered_as_the_protocol_says(
    target: Stage, disturbance: Disturbance, steps: list[Step]
) -> None:
    disturbance.run(converse(next(disturbance.users), target.cluster.replicas[0], steps))


@st.composite
def wire_bytes(draw: st.DrawFn) -> bytes:
    """Return a possible frame with any opcode, flags, mask and length, followed by other bytes."""
    head = draw(st.integers(0, 255))
    length = draw(st.sampled_from([0, 1, 5, 125, 126, 127]))
    masked = draw(st.sampled_from([0x80, 0x80, 0x80, 0]))
    long = draw(st.binary(min_size=8, max_size=8))
    extra = {126: long[:2], 127: long}.get(length, b"")
    mask = draw(st.binary(min_size=4, max_size=4)) if masked else b""
    return bytes([head, masked | length]) + extra + mask + draw(st.binary(max_size=150))


@given(data=wire_bytes() | st.binary(max_size=200))
@examples(100)
def test_no_bytes_on_the_wire_affect_other_users(
    target: Stage, disturbance: Disturbance, data: bytes
) -> None:
    async def send_bytes() -> None:
        replica = target.cluster.replicas[0]
        async with open_socket(next(disturbance.users), replica) as socket:
            socket.transport.write(data)
            with suppress(ConnectionClosed, TimeoutError):
                async with asyncio.timeout(0.05):
                    await socket.recv()
            socket.transport.abort()
        async with open_socket(next(disturbance.users), replica) as socket:
            await socket.send('{"type":"ping"}')
            await read_until(socket, "pong")

    disturbance.run(send_bytes())
