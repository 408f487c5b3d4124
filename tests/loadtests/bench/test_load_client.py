"""The load client counts right: what a server really drops, doubles or swaps is in its figures."""

import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace

import pytest

from loadtests.lib.load_client.client import Dialect, Load, LoadError, Plan, Result, Seat, running
from tests.support.faulty_websocket_server import Behaviour, Room, serving
from tests.support.raw_websocket_server import cut_server

pytestmark = pytest.mark.skipif(shutil.which("cc") is None, reason="the load client needs cc")

PLAIN = Dialect(send="bench $N .", delivery="bench ", opened="opened")
WITH_SEQ = replace(PLAIN, delivery='{"seq":', order='"seq":')
ECHO = Dialect(send="bench $N .", delivery="bench ")


def faithful(number: int, text: str, socket: int) -> list[str]:
    return [text]


def plan(address: str, sockets: int = 3, dialect: Dialect = PLAIN, **more: object) -> Plan:
    opening = "open" if dialect.opened else ""
    seats = [Seat(address, "/", ["room"], open=opening) for _ in range(sockets)]
    senders = [(number, "room") for number in range(sockets)]
    return Plan(dialect, seats, senders, **more)  # type: ignore[arg-type]  # a test's own words


@contextmanager
def load_on(behaviour: Behaviour, **more: object) -> Iterator[Load]:
    with serving(Room(behaviour)) as address, running(plan(address, **more)) as load:  # type: ignore[arg-type]
        yield load


def paced(load: Load, rate: float = 50, senders: int = 3) -> Result:
    return load.paced(rate, 0.4, lambda: None, senders=senders, warm=0.0)


def test_a_faithful_server_loses_nothing() -> None:
    with load_on(faithful) as load:
        result = paced(load)
    assert result["sent"] == 20
    assert result["expected"] == result["sent"] * 3
    faults = ("lost", "doubled", "disordered", "problems", "closed")
    assert {fault: result[fault] for fault in faults} == dict.fromkeys(faults, 0)
    assert result["delivery"]["count"] == 60
    assert sum(count for _, count in result["delivery"]["buckets"]) == 60


def test_what_one_member_does_not_get_is_lost() -> None:
    with load_on(lambda number, text, socket: [] if (number, socket) == (4, 1) else [text]) as load:
        result = paced(load)
    assert (result["lost"], result["doubled"]) == (1, 0)


def test_what_one_member_gets_twice_is_doubled() -> None:
    twice = [(4, 1), (7, 2)]
    with load_on(lambda n, text, socket: [text] * (1 + ((n, socket) in twice))) as load:
        result = paced(load)
    assert (result["lost"], result["doubled"]) == (0, 2)


def test_what_comes_after_a_later_message_of_its_sender_is_out_of_order() -> None:
    held: list[str] = []

    def swap(number: int, text: str, socket: int) -> list[str]:
        if socket == 0 and number == 4:
            held.append(text)
            return []
        return [text, *held] if socket == 0 and number == 5 else [text]

    with load_on(swap) as load:
        result = paced(load, senders=1)
    assert (result["lost"], result["doubled"], result["disordered"]) == (0, 0, 1)


def test_a_seq_that_does_not_grow_is_out_of_order_whoever_sent() -> None:
    def stutter(number: int, text: str, socket: int) -> list[str]:
        seq = number if (number, socket) == (5, 2) else number + 1
        return [f'{{"seq":{seq},"body":"{text}"}}']

    with load_on(stutter, dialect=WITH_SEQ) as load:
        result = paced(load)
    assert (result["lost"], result["doubled"], result["disordered"]) == (0, 0, 1)


def test_a_sender_sends_its_next_when_its_last_came_back() -> None:
    with load_on(faithful) as load:
        result = load.closed(0.3, lambda: None, senders=2, warm=0.0)
    assert result["answered"] >= 2
    assert (result["lost"], result["doubled"]) == (0, 0)


def test_a_sender_waits_for_its_answer_where_there_is_one() -> None:
    dialect = replace(PLAIN, answer="ok ")

    def never_answered(number: int, text: str, socket: int) -> list[str]:
        return [text, f"ok {text}"] if number < 5 else [text]

    with load_on(never_answered, sockets=1, dialect=dialect) as load:
        result = load.closed(0.3, lambda: None, on_answer=True, senders=1, warm=0.0)
    assert (result["answered"], result["deliveries"]) == (5, 6)


def test_a_problem_is_counted_and_the_sender_goes_on() -> None:
    dialect = replace(PLAIN, problem="problem")

    def refuse_the_third(number: int, text: str, socket: int) -> list[str]:
        return ["problem"] if number == 2 else [text]

    with load_on(refuse_the_third, sockets=1, dialect=dialect) as load:
        result = load.closed(0.3, lambda: None, senders=1, warm=0.0)
    assert (result["problems"], result["lost"]) == (1, 1)
    assert result["answered"] > 2


def test_several_loads_on_the_same_sockets_are_counted_apart() -> None:
    with load_on(faithful) as load:
        results = [paced(load), paced(load)]
    assert [result["delivery"]["count"] for result in results] == [60, 60]


@pytest.mark.parametrize("piece", [1, 7, 1_000, 100_000])
def test_frames_are_found_wherever_the_network_cuts_them(piece: int) -> None:
    with (
        cut_server(piece, paddings=[0, 150, 70_000]) as address,
        running(plan(address, sockets=1, dialect=ECHO)) as load,
    ):
        result = load.closed(0.3, lambda: None, senders=1, warm=0.0)
    assert result["answered"] >= 4
    assert (result["lost"], result["doubled"], result["disordered"]) == (0, 0, 0)


def test_pings_are_answered_while_nothing_is_to_do() -> None:
    room = Room(faithful)
    with serving(room) as address, running(plan(address)):
        answered = [socket.ping() for socket in room.sockets]
        assert len(answered) == 3
        assert all(pong.wait(10) for pong in answered)


def test_a_socket_is_live_once_it_has_all_that_it_missed() -> None:
    room = Room(faithful, greeting=["bench 0 .", "bench 1 .", "opened"])
    with (
        serving(room) as address,
        running(plan(address, past=["room", "room"], missed=2)) as load,
    ):
        opened = load.opened
    assert (opened["missed"], opened["expected"], opened["doubled"]) == (6, 6, 0)
    assert opened["live"]["count"] == 3


def test_a_server_that_is_not_there_is_said_clearly() -> None:
    with serving(Room(faithful)) as address:
        pass
    with pytest.raises(LoadError, match=r"did not open.*refused.*0 of 3"), running(plan(address)):
        pass


def test_it_comes_back_after_a_handshake_that_failed_when_told_so() -> None:
    with (
        cut_server(1_000, paddings=[0], refuse=2) as address,
        running(plan(address, sockets=1, dialect=ECHO, retry=True)) as load,
    ):
        assert load.opened["failures"] == 2
