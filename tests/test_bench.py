"""The benchmark counts right: what is lost, doubled or late shows in its figures."""

import asyncio

from hypothesis import given
from hypothesis import strategies as st

from loadtests.bench import report
from loadtests.bench.dialects import Hubbub, Tutorial, number_of
from loadtests.bench.tally import Tally
from loadtests.bench.wire import Socket, frame

HANDSHAKE = b"HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\n\r\n"


def a_tally() -> Tally:
    """Two messages in a room of two sockets, and a third socket in another room."""
    tally = Tally(["room", "room", "elsewhere"])
    tally.sent(0, 10.0)
    tally.sent(1, 10.1)
    return tally


def test_what_everybody_in_the_room_got_once_is_neither_lost_nor_doubled() -> None:
    tally = a_tally()
    for socket in (0, 1):
        for number in (0, 1):
            tally.delivered(socket, number, 10.3)
    result = tally.result("fanout", 1.0)
    assert (result["deliveries"], result["lost"], result["doubled"]) == (4, 0, 0)
    assert (result["p50_ms"], result["p99_ms"]) == (300.0, 300.0)


def test_what_did_not_come_is_lost_and_what_came_twice_is_doubled() -> None:
    tally = a_tally()
    for socket, number in ((0, 0), (0, 0), (1, 1)):
        tally.delivered(socket, number, 10.3)
    result = tally.result("fanout", 1.0)
    assert (result["lost"], result["doubled"]) == (2, 1)


def test_answers_count_within_the_time_of_the_load_only() -> None:
    tally = a_tally()
    tally.answered(0, 10.5)
    tally.answered(1, 12.0)
    result = tally.result("sends", 1.0)
    assert (result["answered"], result["p99_ms"]) == (1, 500.0)


@given(st.lists(st.binary(max_size=70_000), max_size=5), st.integers(1, 5_000))
def test_frames_are_found_wherever_the_network_cuts_them(texts: list[bytes], size: int) -> None:
    heard: list[bytes] = []

    async def hear() -> None:
        socket = Socket(0, b"", lambda _, text: heard.append(text))
        stream = HANDSHAKE + b"".join(server_frame(text) for text in texts)
        for start in range(0, len(stream), size):
            socket.data_received(stream[start : start + size])
        await socket.opened

    asyncio.run(hear())
    assert heard == texts


def test_a_clients_frame_is_masked_as_servers_demand() -> None:
    assert frame(b"hi") == b"\x81\x82\0\0\0\0hi"
    assert frame(b"x" * 300)[:4] == b"\x81\xfe\x01\x2c"


def test_messages_are_known_by_their_number_in_both_chats() -> None:
    for dialect in (Hubbub("run"), Tutorial()):
        assert number_of(dialect.send("7", 42)) == 42
    assert number_of(b'{"type":"pong"}') == -1


def test_the_table_says_the_ratios() -> None:
    result = {"sent": 10, "answered": 10, "deliveries": 100, "lost": 0, "doubled": 0}
    times = {"p50_ms": 1.0, "p99_ms": 2.0}
    runs = {
        chat: {"fanout": {"chat": chat, "cpu_seconds": cpu, "result": result | times}}
        for chat, cpu in (("tutorial", 0.04), ("hubbub", 0.01))
    }
    options = {"sockets": 10, "rate": 20.0, "seconds": 1.0, "writers": 2}
    assert "0.25 of the tutorial chat's" in report.table(runs | {"options": options})


def server_frame(text: bytes) -> bytes:
    length = len(text)
    if length < 126:
        return bytes((0x81, length)) + text
    if length < 65_536:
        return bytes((0x81, 126)) + length.to_bytes(2, "big") + text
    return bytes((0x81, 127)) + length.to_bytes(8, "big") + text
