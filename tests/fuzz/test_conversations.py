"""Whatever is said on a socket gets the protocol's answers or its close; nobody else notices."""

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
from tests.cluster.stage import Stage, opened, talking
from tests.fuzz.conversation import Step, converse
from tests.fuzz.frames import SOME_JSON, TEXT, commands, mutated
from tests.fuzz.rounds import TIMES, examples
from tests.support.raw_socket import heard_until, socket_of

pytestmark = [
    pytest.mark.deployment,
    pytest.mark.our_server,
    pytest.mark.timeout(120 * TIMES),
]

STEPS_MAX = 12  # fewer than the bad frames in a row that end in a close
RUN_SECONDS = 60
NOWHERE = 10**17


@dataclass
class Talk:
    """An event loop in a thread, where others talk while one test after another disturbs them."""

    loop: asyncio.AbstractEventLoop
    people: Iterator[Account]

    def run(self, work: Coroutine[Any, Any, None]) -> None:
        asyncio.run_coroutine_threadsafe(work, self.loop).result(RUN_SECONDS)


@pytest.fixture
def talk(target: Stage) -> Iterator[Talk]:
    loop, over = asyncio.new_event_loop(), asyncio.Event()
    thread = Thread(target=loop.run_forever)
    thread.start()
    talkers = target.crowd(2)
    room = target.room(talkers)
    beside = asyncio.run_coroutine_threadsafe(talk_beside(target, talkers, room, over), loop)
    others = target.crowd(12)[2:]
    target.room(others)
    try:
        yield Talk(loop, cycle(others))
    finally:
        loop.call_soon_threadsafe(over.set)
        try:
            beside.result(RUN_SECONDS)
        finally:
            loop.call_soon_threadsafe(loop.stop)
            thread.join()
            loop.close()


async def talk_beside(
    target: Stage, talkers: list[Account], room: int, over: asyncio.Event
) -> None:
    """Talk over both replicas until it is over; lose nothing, and no socket."""
    clients = [target.client(person, replica) for replica, person in enumerate(talkers)]
    async with opened(clients, room):
        welcomes = [client.protocol.welcome for client in clients]
        async with talking(clients, [room]):
            await over.wait()
        await target.settle(room, clients)
        assert [client.protocol.welcome for client in clients] == welcomes
        await target.assert_right(clients)


# The lobby, rooms of the demo and of the tests, one that nobody has.
ROOMS = st.integers(1, 12) | st.sampled_from([NOWHERE, 10**18 - 1])
MESSAGES = st.integers(1, 60) | st.sampled_from([NOWHERE, 2**63 - 1])
SAID = (
    mutated(commands(ROOMS, MESSAGES))
    | commands(ROOMS, MESSAGES).map(json.dumps)
    | TEXT
    | SOME_JSON
)
STEPS = st.builds(
    Step,
    data=SAID.map(lambda text: text.encode(errors="surrogatepass")) | st.binary(max_size=50),
    socket=st.integers(0, 1),
    binary=st.sampled_from([False] * 7 + [True]),
    pieces=st.sampled_from([1, 1, 1, 2, 7]),
)


@given(steps=st.lists(STEPS, max_size=STEPS_MAX))
@examples(200)
@example([Step(b'{"type":"subscribe","rooms":{"1":0,"1\\n":0},"ref":1}')])
@example([Step(b'{"type":"ping","ref":' + b"9" * 4_000 + b"}")])
@example([Step(b'{"type":"ping"}', pieces=15), Step(b"", binary=True), Step(b"")])
@example([Step(b"x" * 300_000), Step(b"\xff", socket=1)])
def test_whatever_is_said_is_answered_as_the_protocol_says(
    target: Stage, talk: Talk, steps: list[Step]
) -> None:
    talk.run(converse(next(talk.people), target.cluster.replicas[0], steps))


@st.composite
def wire_bytes(draw: st.DrawFn) -> bytes:
    """Return what may be a frame, of any opcode, flags, mask and length, and bytes behind it."""
    head = draw(st.integers(0, 255))
    length = draw(st.sampled_from([0, 1, 5, 125, 126, 127]))
    masked = draw(st.sampled_from([0x80, 0x80, 0x80, 0]))
    long = draw(st.binary(min_size=8, max_size=8))
    extra = {126: long[:2], 127: long}.get(length, b"")
    mask = draw(st.binary(min_size=4, max_size=4)) if masked else b""
    return bytes([head, masked | length]) + extra + mask + draw(st.binary(max_size=150))


@given(data=wire_bytes() | st.binary(max_size=200))
@examples(100)
def test_no_bytes_on_the_wire_hurt_anybody_else(target: Stage, talk: Talk, data: bytes) -> None:
    async def disturb() -> None:
        replica = target.cluster.replicas[0]
        async with socket_of(next(talk.people), replica) as socket:
            socket.transport.write(data)
            with suppress(ConnectionClosed, TimeoutError):
                async with asyncio.timeout(0.05):
                    await socket.recv()
            socket.transport.abort()
        async with socket_of(next(talk.people), replica) as socket:
            await socket.send('{"type":"ping"}')
            await heard_until(socket, "pong")

    talk.run(disturb())
