"""The load client correctly counts what a server drops, duplicates or reorders."""

import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace

import pytest

from loadtests.lib.load_client import (
    ClientPlan,
    ConnectionPlan,
    Dialect,
    LoadClient,
    LoadError,
    Result,
    running,
)
from tests.support.faulty_websocket_server import Behaviour, Room, serve_room
from tests.support.raw_websocket_server import fragmenting_server

pytestmark = pytest.mark.skipif(shutil.which("cc") is None, reason="the load client needs cc")

PLAIN = Dialect(send="bench $N .", delivery="bench ", subscribed="opened")
WITH_SEQ = replace(PLAIN, delivery='{"seq":', sequence_key='"seq":')
ECHO = Dialect(send="bench $N .", delivery="bench ")


def deliver(number: int, text: str, connection: int) -> list[str]:
    return [text]


def plan(
    address: str, connections: int = 3, dialect: Dialect = PLAIN, **more: object
) -> ClientPlan:
    subscribe = "open" if dialect.subscribed else ""
    planned = [ConnectionPlan(address, "/", ["room"], subscribe=subscribe)] * connections
    senders = [(number, "room") for number in range(connections)]
    return ClientPlan(dialect, planned, senders, **more)  # type: ignore[arg-type]  # a test's own words


@contextmanager
def client_of(behaviour: Behaviour, **more: object) -> Iterator[LoadClient]:
    with serve_room(Room(behaviour)) as address, running(plan(address, **more)) as client:  # type: ignore[arg-type]
        yield client


def paced(client: LoadClient, rate: float = 50, senders: int = 3) -> Result:
    return client.paced(rate, 0.4, lambda: None, senders=senders, warm_up=0.0)


def test_a_correct_server_loses_nothing() -> None:
    with client_of(deliver) as client:
        result = paced(client)
    assert result["sent"] == 20
    assert result["expected"] == result["sent"] * 3
    faults = ("lost", "duplicated", "reordered", "problems", "closed")
    assert {fault: result[fault] for fault in faults} == dict.fromkeys(faults, 0)
    assert result["delivery"]["count"] == 60
    assert sum(count for _, count in result["delivery"]["buckets"]) == 60


def test_a_message_that_one_member_does_not_receive_is_lost() -> None:
    def drop_one(number: int, text: str, connection: int) -> list[str]:
        return [] if (number, connection) == (4, 1) else [text]

    with client_of(drop_one) as client:
        result = paced(client)
    assert (result["lost"], result["duplicated"]) == (1, 0)


def test_a_message_that_one_member_receives_twice_is_duplicated() -> None:
    twice = [(4, 1), (7, 2)]
    with client_of(lambda n, text, connection: [text] * (1 + ((n, connection) in twice))) as client:
        result = paced(client)
    assert (result["lost"], result["duplicated"]) == (0, 2)


def test_a_message_after_a_later_one_of_its_sender_is_reordered() -> None:
    held: list[str] = []

    def swap(number: int, text: str, connection: int) -> list[str]:
        if connection == 0 and number == 4:
            held.append(text)
            return []
        return [text, *held] if connection == 0 and number == 5 else [text]

    with client_of(swap) as client:
        result = paced(client, senders=1)
    assert (result["lost"], result["duplicated"], result["reordered"]) == (0, 0, 1)


def test_a_seq_that_does_not_grow_is_reordered_for_any_sender() -> None:
    def repeat_a_seq(number: int, text: str, connection: int) -> list[str]:
        seq = number if (number, connection) == (5, 2) else number + 1
        return [f'{{"seq":{seq},"body":"{text}"}}']

    with client_of(repeat_a_seq, dialect=WITH_SEQ) as client:
        result = paced(client)
    assert (result["lost"], result["duplicated"], result["reordered"]) == (0, 0, 1)


def test_a_sender_sends_its_next_message_once_its_last_one_was_delivered() -> None:
    with client_of(deliver) as client:
        result = client.closed(0.3, lambda: None, senders=2, warm_up=0.0)
    assert result["acked"] >= 2
    assert (result["lost"], result["duplicated"]) == (0, 0)


def test_a_sender_waits_for_the_answer_of_a_server_that_acknowledges() -> None:
    dialect = replace(PLAIN, ack="ok ")

    def stop_acknowledging(number: int, text: str, connection: int) -> list[str]:
        return [text, f"ok {text}"] if number < 5 else [text]

    with client_of(stop_acknowledging, connections=1, dialect=dialect) as client:
        result = client.closed(0.3, lambda: None, on_ack=True, senders=1, warm_up=0.0)
    assert (result["acked"], result["deliveries"]) == (5, 6)


def test_a_problem_is_counted_and_the_sender_continues() -> None:
    dialect = replace(PLAIN, problem="problem")

    def refuse_the_third(number: int, text: str, connection: int) -> list[str]:
        return ["problem"] if number == 2 else [text]

    with client_of(refuse_the_third, connections=1, dialect=dialect) as client:
        result = client.closed(0.3, lambda: None, senders=1, warm_up=0.0)
    assert (result["problems"], result["lost"]) == (1, 1)
    assert result["acked"] > 2


def test_several_loads_on_the_same_connections_are_counted_separately() -> None:
    with client_of(deliver) as client:
        results = [paced(client), paced(client)]
    assert [result["delivery"]["count"] for result in results] == [60, 60]


@pytest.mark.parametrize("piece", [1, 7, 1_000, 100_000])
def test_frames_are_found_wherever_the_network_cuts_them(piece: int) -> None:
    with (
        fragmenting_server(piece, paddings=[0, 150, 70_000]) as address,
        running(plan(address, connections=1, dialect=ECHO)) as client,
    ):
        # Send a fixed number of messages. Then leave enough time until all are delivered, even on a
        # slow machine.
        result = paced(client, rate=20, senders=1)
    assert result["acked"] == result["sent"] == 8
    assert (result["lost"], result["duplicated"], result["reordered"]) == (0, 0, 0)


def test_pings_are_answered_while_no_load_runs() -> None:
    room = Room(deliver)
    with serve_room(room) as address, running(plan(address)):
        answered = [socket.ping() for socket in room.sockets]
        assert len(answered) == 3
        assert all(pong.wait(10) for pong in answered)


def test_a_connection_is_live_once_it_has_all_missed_messages() -> None:
    room = Room(deliver, greeting=["bench 0 .", "bench 1 .", "opened"])
    with (
        serve_room(room) as address,
        running(plan(address, missed_rooms=["room", "room"], missed_per_connection=2)) as client,
    ):
        opened = client.opened
    assert (opened["missed"], opened["expected"], opened["duplicated"]) == (6, 6, 0)
    assert opened["live"]["count"] == 3


def test_a_server_that_does_not_run_is_reported_clearly() -> None:
    with serve_room(Room(deliver)) as address:
        pass
    with pytest.raises(LoadError, match=r"did not open.*refused.*0 of 3"), running(plan(address)):
        pass


def test_a_connection_is_retried_after_a_failed_handshake_if_the_plan_says_so() -> None:
    with (
        fragmenting_server(1_000, paddings=[0], refuse=2) as address,
        running(plan(address, connections=1, dialect=ECHO, retry=True)) as client,
    ):
        assert client.opened["failures"] == 2
