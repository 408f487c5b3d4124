"""Each connection gets a room's frames once and in order, however busy the room is."""

import asyncio
from collections.abc import Iterator
from contextlib import contextmanager

import pytest
from django.conf import settings
from hypothesis import given
from hypothesis import strategies as st

from hubbub.accounts.models import User
from hubbub.realtime.connections.connection import Connection, Identity
from hubbub.realtime.delivery import fan_out, time_slices
from hubbub.realtime.delivery.fan_out import FanOut, write_to_all
from hubbub.realtime.protocol.websocket_frames import FrameBatch
from tests.support.fake_transport import FakeTransport

# So many connections that a pass takes several time slices, however long these are.
LARGE = 4 * time_slices.ITEMS_PER_CLOCK_CHECK


def connection_over(wire: FakeTransport) -> Connection:
    return Connection(wire, Identity(User(pk=1), None, None, {}))


def add_subscribers(room: FanOut, count: int) -> list[FakeTransport]:
    wires = [FakeTransport() for _ in range(count)]
    for wire in wires:
        room.add_subscriber(connection_over(wire))
    return wires


@contextmanager
def slices_of(connections: int) -> Iterator[None]:
    """End each time slice after this many connections, as if writing to them were slow."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(time_slices, "ITEMS_PER_CLOCK_CHECK", connections)
        patch.setattr(time_slices, "SLICE_SECONDS", 0)
        patch.setattr(fan_out, "JOIN_SECONDS", 0)
        yield


async def wait_for_texts(wires: list[FakeTransport], texts: list[str]) -> None:
    async with asyncio.timeout(5):
        while any(wire.texts != texts for wire in wires):  # noqa: ASYNC110
            await asyncio.sleep(0)


async def test_a_quiet_room_is_written_to_immediately() -> None:
    room = FanOut()
    wires = add_subscribers(room, 3)
    room.write(["hello"])
    assert [wire.texts for wire in wires] == [["hello"]] * 3


async def test_frames_of_a_few_milliseconds_are_joined_in_one_write(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    assert 0.001 <= fan_out.JOIN_SECONDS <= 0.02
    # On a busy machine, the loop below takes some time.
    monkeypatch.setattr(fan_out, "JOIN_SECONDS", 0.2)
    room = FanOut()
    [wire] = add_subscribers(room, 1)
    texts = [f"message {number}" for number in range(20)]
    for text in texts:
        room.write([text])
    await wait_for_texts([wire], texts)
    assert wire.writes == 2  # the first frame is written at once, the others together


async def test_a_large_room_does_not_delay_a_small_one() -> None:
    with slices_of(1):
        large, small = FanOut(), FanOut()
        many, [one] = add_subscribers(large, LARGE), add_subscribers(small, 1)
        large.write(["to everyone"])
        small.write(["to one"])
        await wait_for_texts([one], ["to one"])
        assert not many[-1].texts
        await wait_for_texts(many, ["to everyone"])


async def test_a_slow_reader_is_aborted_and_others_are_unaffected() -> None:
    room = FanOut()
    slow, fast = add_subscribers(room, 2)
    slow.buffered_bytes = settings.MAX_BUFFERED_BYTES + 1
    room.write(["first"])
    assert slow.aborted
    assert not fast.aborted
    assert fast.texts == ["first"]


async def test_a_connection_that_leaves_gets_everything_before_and_nothing_after() -> None:
    room = FanOut()
    wires = [FakeTransport(), FakeTransport()]
    stays, leaves = map(connection_over, wires)
    room.add_subscriber(stays)
    room.add_subscriber(leaves)
    room.write(["first"])
    room.write(["second"])  # this frame waits for the frames of the next few milliseconds
    room.remove_subscriber(leaves)
    room.write(["third"])
    await wait_for_texts(wires[:1], ["first", "second", "third"])
    assert wires[1].texts == ["first", "second"]


async def test_typing_notices_are_written_in_slices() -> None:
    wires = [FakeTransport() for _ in range(LARGE)]
    with slices_of(1):
        connections = list(map(connection_over, wires))
        gone = connections[-1]
        write_to_all(connections, "alice types", lambda connection: connection is not gone)
        assert not wires[-2].texts
        await wait_for_texts(wires[:-1], ["alice types"])
        assert not wires[-1].texts


class BrokenWire(FakeTransport):
    def write(self, batch: FrameBatch) -> int:
        raise RuntimeError


async def test_a_connection_that_fails_does_not_affect_the_others() -> None:
    broken = BrokenWire()
    wires = [FakeTransport(), broken, FakeTransport()]
    room = FanOut()
    for wire in wires:
        room.add_subscriber(connection_over(wire))
    room.write(["to the room"])
    write_to_all(room.subscribers, "alice types", lambda _: True)
    assert [wire.texts for wire in wires] == [["to the room", "alice types"], [], wires[0].texts]
    assert broken.aborted, "it lacks a frame, so its client must reconnect"


USERS = st.integers(0, 4)
STEPS = st.lists(
    st.one_of(
        st.tuples(st.sampled_from(["join", "leave"]), USERS),
        st.tuples(st.sampled_from(["write one", "write two", "wait"]), st.just(0)),
    ),
    max_size=60,
)


@given(STEPS, st.integers(1, 3))
def test_each_subscriber_gets_the_frames_of_its_time_once_and_in_order(
    steps: list[tuple[str, int]], slice_size: int
) -> None:
    async def scenario() -> None:
        room, count = FanOut(), 0
        subscribed: dict[int, tuple[Connection, FakeTransport, list[str]]] = {}
        left: list[tuple[FakeTransport, list[str]]] = []
        for step, user in steps:
            if step == "join" and user not in subscribed:
                wire = FakeTransport()
                subscribed[user] = (connection_over(wire), wire, [])
                room.add_subscriber(subscribed[user][0])
            elif step == "leave" and user in subscribed:
                connection, wire, expected = subscribed.pop(user)
                room.remove_subscriber(connection)
                left.append((wire, expected))
            elif step.startswith("write"):
                texts = [f"{count + n}" for n in range(1 if step == "write one" else 2)]
                count += len(texts)
                room.write(texts)
                for _, _, expected in subscribed.values():
                    expected += texts
            elif step == "wait":
                await asyncio.sleep(0)
        for _, wire, expected in subscribed.values():
            await wait_for_texts([wire], expected)
        assert all(wire.texts == expected for wire, expected in left)

    with slices_of(slice_size):
        asyncio.run(scenario())
