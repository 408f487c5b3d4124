"""What a room tells reaches each of its sockets once and in order, however busy it is."""

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
from tests.support.fake_transport import Wire

# Enough that a pass takes several slices of any length.
LARGE = 4 * time_slices.ITEMS_PER_LOOK


def socket_of(wire: Wire) -> Connection:
    return Connection(wire, Identity(User(pk=1), None, None, {}))


def crowd(room: FanOut, size: int) -> list[Wire]:
    wires = [Wire() for _ in range(size)]
    for wire in wires:
        room.join(socket_of(wire))
    return wires


@contextmanager
def a_look_after(sockets: int) -> Iterator[None]:
    """Have a pass give the event loop back after so many sockets, as slow ones would."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(time_slices, "ITEMS_PER_LOOK", sockets)
        patch.setattr(time_slices, "SLICE_SECONDS", 0)
        patch.setattr(fan_out, "JOIN_SECONDS", 0)
        yield


async def written(wires: list[Wire], texts: list[str]) -> None:
    """Wait until all of them have these texts."""
    async with asyncio.timeout(5):
        while any(wire.texts != texts for wire in wires):  # noqa: ASYNC110
            await asyncio.sleep(0)


async def test_a_quiet_room_is_written_to_before_anything_else_happens() -> None:
    room = FanOut()
    wires = crowd(room, 3)
    room.add("hello")
    room.flush()
    assert [wire.texts for wire in wires] == [["hello"]] * 3


async def test_what_a_busy_room_tells_within_milliseconds_is_one_write() -> None:
    room = FanOut()
    [wire] = crowd(room, 1)
    texts = [f"message {number}" for number in range(20)]
    for text in texts:
        room.add(text)
        room.flush()
    await written([wire], texts)
    assert wire.writes == 2  # the first at once, all others together


async def test_a_large_room_does_not_keep_a_small_one_waiting() -> None:
    with a_look_after(1):
        large, small = FanOut(), FanOut()
        many, [one] = crowd(large, LARGE), crowd(small, 1)
        large.add("to everybody")
        large.flush()
        small.add("to one")
        small.flush()
        await written([one], ["to one"])
        assert not many[-1].texts
        await written(many, ["to everybody"])


async def test_who_does_not_read_is_cut_off_and_nobody_else_notices() -> None:
    room = FanOut()
    stuck, fine = crowd(room, 2)
    stuck.buffered_bytes = settings.MAX_BUFFERED_BYTES + 1
    room.add("first")
    room.flush()
    assert stuck.aborted
    assert not fine.aborted
    assert fine.texts == ["first"]


async def test_who_leaves_has_all_that_was_told_before_and_nothing_after() -> None:
    room = FanOut()
    wires = [Wire(), Wire()]
    stays, leaves = map(socket_of, wires)
    room.join(stays)
    room.join(leaves)
    room.add("first")
    room.flush()
    room.add("second")  # waits for what comes within milliseconds
    room.leave(leaves)
    room.add("third")
    room.flush()
    await written(wires[:1], ["first", "second", "third"])
    assert wires[1].texts == ["first", "second"]


async def test_who_types_is_told_to_many_in_slices() -> None:
    wires = [Wire() for _ in range(LARGE)]
    with a_look_after(1):
        sockets = list(map(socket_of, wires))
        left = sockets[-1]
        write_to_all(sockets, "alice types", lambda socket: socket is not left)
        assert not wires[-2].texts
        await written(wires[:-1], ["alice types"])
        assert not wires[-1].texts


class Broken(Wire):
    def write_batch(self, batch: FrameBatch) -> int:
        raise RuntimeError


async def test_a_socket_that_fails_keeps_nothing_from_the_others() -> None:
    broken = Broken()
    wires = [Wire(), broken, Wire()]
    room = FanOut()
    for wire in wires:
        room.join(socket_of(wire))
    room.add("to the room")
    room.flush()
    write_to_all(room.subscribers, "alice types", lambda _: True)
    assert [wire.texts for wire in wires] == [["to the room", "alice types"], [], wires[0].texts]
    assert broken.aborted, "it lacks a frame, and must come again"


PEOPLE = st.integers(0, 4)
DEEDS = st.lists(
    st.one_of(
        st.tuples(st.sampled_from(["come", "go"]), PEOPLE),
        st.tuples(st.sampled_from(["tell", "write", "wait"]), st.just(0)),
    ),
    max_size=60,
)


@given(DEEDS, st.integers(1, 3))
def test_each_socket_gets_what_is_told_while_it_is_there_once_and_in_order(
    deeds: list[tuple[str, int]], look: int
) -> None:
    async def scenario() -> None:
        room, told = FanOut(), 0
        there: dict[int, tuple[Connection, Wire, list[str]]] = {}
        gone: list[tuple[Wire, list[str]]] = []
        for deed, person in deeds:
            if deed == "come" and person not in there:
                wire = Wire()
                there[person] = (socket_of(wire), wire, [])
                room.join(there[person][0])
            elif deed == "go" and person in there:
                socket, wire, due = there.pop(person)
                room.leave(socket)
                gone.append((wire, due))
            elif deed == "tell":
                told += 1
                room.add(f"{told}")
                for _, _, due in there.values():
                    due.append(f"{told}")
            elif deed == "write":
                room.flush()
            else:
                await asyncio.sleep(0)
        room.flush()
        for _, wire, due in there.values():
            await written([wire], due)
        assert all(wire.texts == due for wire, due in gone)

    with a_look_after(look):
        asyncio.run(scenario())
