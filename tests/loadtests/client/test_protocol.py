"""The client follows the protocol's rules for resuming, so that any problem is the server's."""

import asyncio
import json
from collections.abc import AsyncIterator, Awaitable, Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import asynccontextmanager
from typing import Any
from unittest.mock import patch

import pytest
from websockets.asyncio.server import ServerConnection, serve
from websockets.http11 import Request

from loadtests.lib.client import Client
from loadtests.lib.client.effects import (
    CommandDone,
    Reconnect,
    RetryLater,
    Stop,
    SwitchConnection,
    WriteFrame,
)
from loadtests.lib.client.history import CommandAnswered, History, SubscriptionEnded
from loadtests.lib.client.protocol import ClientProtocol
from loadtests.lib.client.reconnect import Backoff
from loadtests.lib.client.subscription import Start
from tests.support.faulty_chat_server import ROOM as CHAT_ROOM
from tests.support.faulty_chat_server import faulty_chat_server
from tests.support.model_server import ROOM, ModelClient, ModelServer

Frame = dict[str, Any]


def open_tab(server: ModelServer, start: Start = Start.BEGINNING) -> ModelClient:
    tab = ModelClient(server, 1)
    tab.protocol.subscribe(ROOM, start)
    tab.connect()
    return tab


def bodies(tab: ModelClient) -> list[str]:
    return [message["body"] for message in tab.protocol.subscriptions[ROOM].view.messages()]


def send_command(nonce: str = "n") -> Frame:
    return {"type": "message.send", "room": ROOM, "nonce": nonce, "body": "hello"}


def test_the_position_is_the_highest_applied_seq() -> None:
    server = ModelServer()
    tab = open_tab(server)
    server.send(2, "x", "hello")
    server.send(2, "y", "there")
    tab.catch_up()
    assert tab.protocol.subscriptions[ROOM].position == 2


def test_an_answer_a_bump_and_a_gap_do_not_move_the_position() -> None:
    server = ModelServer()
    tab = open_tab(server)
    tab.run_effects(tab.protocol.command(send_command())[1])
    tab.receive({"type": "room.bumped", "room": ROOM, "seq": 5, "number": 5})
    server.send(2, "x", "hello")
    tab.receive(server.event(2))
    assert tab.protocol.subscriptions[ROOM].position == 0


def test_it_resumes_at_its_position_on_the_next_connection() -> None:
    server = ModelServer()
    tab = open_tab(server)
    server.send(2, "x", "received")
    tab.catch_up()
    tab.drop_connection()
    server.send(2, "y", "missed")
    tab.connect()
    assert bodies(tab) == ["received", "missed"]
    assert tab.protocol.subscriptions[ROOM].position == 2


def test_an_unanswered_command_is_sent_again_with_the_same_nonce() -> None:
    server = ModelServer()
    tab = open_tab(server)
    tab.protocol.command(send_command("once"))  # the command is written, but its answer is lost
    server.send(1, "once", "hello")
    tab.drop_connection()
    tab.connect()
    assert len(server.messages) == 1
    assert not tab.protocol.pending


def test_an_answered_command_is_not_sent_again() -> None:
    protocol = connected()
    ref, _ = protocol.command(send_command())
    assert protocol.receive({"type": "ok", "ref": ref}) == [
        CommandDone(ref, {"type": "ok", "ref": ref})
    ]
    protocol.closed(1006)
    assert protocol.receive(welcome()) == []


def test_commands_sent_while_disconnected_are_written_after_the_welcome_in_order() -> None:
    protocol = ClientProtocol(History("alice"))
    protocol.command(send_command("first"))
    protocol.command(send_command("second"))
    effects = protocol.receive(welcome())
    assert [effect.frame["nonce"] for effect in effects if isinstance(effect, WriteFrame)] == [
        "first",
        "second",
    ]


@pytest.mark.parametrize("code", ["unavailable", "rate_limited"])
def test_a_command_with_a_transient_problem_is_retried_later(code: str) -> None:
    protocol = connected()
    ref, [first] = protocol.command(send_command())
    problem = {"type": "problem", "ref": ref, "code": code, "detail": "", "retry_after": 2.5}
    assert protocol.receive(problem) == [RetryLater(ref, 2.5)]
    assert protocol.retry(ref) == [first]


def test_without_retry_unavailable_is_a_final_answer() -> None:
    protocol = connected()
    ref, _ = protocol.command(send_command(), retry=False)
    problem = {"type": "problem", "ref": ref, "code": "unavailable", "detail": ""}
    assert protocol.receive(problem) == [CommandDone(ref, problem)]


def test_a_refused_command_is_not_retried() -> None:
    protocol = connected()
    ref, _ = protocol.command(send_command())
    problem = {"type": "problem", "ref": ref, "code": "forbidden", "detail": ""}
    assert protocol.receive(problem) == [CommandDone(ref, problem)]
    assert not protocol.pending


def test_a_client_too_far_behind_loads_the_room_while_it_is_live() -> None:
    server = ModelServer(replay_max=1)
    tab = open_tab(server)
    tab.drop_connection()
    for number in range(4):
        server.send(2, f"x{number}", f"body {number}")
    tab.connect()
    assert tab.loads
    assert tab.protocol.subscriptions[ROOM].position is None
    server.edit(101, "edited while it loads")
    tab.catch_up()
    assert bodies(tab) == ["edited while it loads", "body 1", "body 2", "body 3"]
    assert tab.protocol.subscriptions[ROOM].position == 5


def test_a_load_cannot_restore_deleted_text() -> None:
    server = ModelServer(replay_max=0)
    server.send(2, "x", "secret")
    tab = open_tab(server)
    [load] = tab.loads
    page = [dict(message) for message in server.messages.values()]
    server.delete(101)
    tab.last_sent = 1
    tab.receive(server.event(2))
    tab.protocol.loaded(ROOM, load.load, 1, page)
    assert bodies(tab) == [""]


def test_a_load_of_a_lost_connection_is_dropped_and_repeated() -> None:
    server = ModelServer(replay_max=0)
    server.send(2, "x", "hello")
    tab = open_tab(server)
    [load] = tab.loads
    tab.drop_connection()
    tab.protocol.loaded(ROOM, load.load, 1, [dict(server.messages[101])])
    assert tab.protocol.subscriptions[ROOM].position is None
    tab.connect()
    tab.catch_up()
    assert bodies(tab) == ["hello"]


def test_a_new_epoch_resets_all_positions() -> None:
    server = ModelServer()
    tab = open_tab(server)
    server.send(2, "x", "lost with the database")
    tab.catch_up()
    tab.drop_connection(4005)
    server.__init__()  # type: ignore[misc]
    server.epoch = "second"
    server.send(2, "y", "after the restore")
    tab.connect()
    tab.catch_up()
    assert bodies(tab) == ["after the restore"]


def test_start_now_shows_no_older_message_even_if_it_is_edited() -> None:
    server = ModelServer()
    server.send(2, "x", "before")
    tab = open_tab(server, Start.NOW)
    server.edit(101, "edited")
    server.send(2, "y", "after")
    tab.catch_up()
    assert bodies(tab) == ["after"]


def test_start_history_shows_older_and_new_messages() -> None:
    server = ModelServer()
    server.send(2, "x", "before")
    tab = open_tab(server, Start.HISTORY)
    server.send(2, "y", "after")
    tab.catch_up()
    assert bodies(tab) == ["before", "after"]


@pytest.mark.parametrize("code", [4500, 4501, 4502, 4503, 4504, 4999])
def test_it_does_not_reconnect_after_codes_that_forbid_it(code: int) -> None:
    assert connected().closed(code) == [Stop(code)]


@pytest.mark.parametrize("code", [1000, 1001, 1006, 1011, 1012, 4001, 4002, 4003, 4004, 4005])
def test_it_reconnects_within_a_second_after_any_other_close(code: int) -> None:
    [effect] = connected().closed(code)
    assert isinstance(effect, Reconnect)
    assert 0 < effect.after_seconds <= 1


def test_delays_grow_without_a_welcome_and_include_the_one_of_goodbye() -> None:
    backoff = Backoff()
    delays = [backoff.next_delay() for _ in range(30)]
    assert delays[0] <= 1
    assert max(delays) <= 8
    assert max(delays[10:]) > 1
    protocol = connected()
    protocol.receive({"type": "goodbye", "code": 4001, "retry_after_ms": 3_000})
    [effect] = protocol.closed(4001)
    assert isinstance(effect, Reconnect)
    assert effect.after_seconds >= 3


def test_after_goodbye_it_switches_to_a_new_connection_and_loses_nothing() -> None:
    server = ModelServer()
    tab = open_tab(server)
    server.send(2, "x", "received")
    tab.catch_up()
    goodbye = {"type": "goodbye", "code": 4001, "retry_after_ms": 300}
    assert tab.protocol.receive(goodbye) == [SwitchConnection()]
    tab.protocol.command(send_command("in flight"))
    server.send(2, "y", "missed")
    tab.move()
    tab.catch_up()
    assert bodies(tab) == ["received", "missed", "hello"]
    assert not tab.protocol.pending


@pytest.mark.parametrize("code", [4500, 4501, 4502])
def test_a_goodbye_that_forbids_reconnecting_does_not_switch(code: int) -> None:
    assert connected().receive({"type": "goodbye", "code": code}) == []


def test_a_goodbye_before_the_welcome_does_not_switch() -> None:
    protocol = ClientProtocol(History("alice"))
    assert protocol.receive({"type": "goodbye", "code": 4001, "retry_after_ms": 0}) == []


@pytest.mark.parametrize("code", [1007, 1009])
def test_the_command_that_closed_the_connection_is_not_sent_again(code: int) -> None:
    protocol = connected()
    long, _ = protocol.command(send_command("long") | {"body": "x" * 1_000})
    protocol.command(send_command("short"))
    failed = protocol.closed(code)[0]
    assert isinstance(failed, CommandDone)
    assert failed.ref == long
    [again] = protocol.receive(welcome())
    assert isinstance(again, WriteFrame)
    assert again.frame["nonce"] == "short"


def test_it_does_not_subscribe_again_to_a_room_after_a_removal() -> None:
    protocol = connected()
    protocol.subscribe(ROOM)
    protocol.receive(subscribed(seq=0))
    protocol.receive({"type": "room.removed", "room": ROOM, "reason": "removed"})
    protocol.closed(1006)
    assert protocol.receive(welcome()) == []


def test_a_late_removal_does_not_end_a_newer_subscribe() -> None:
    """A busy replica reads the workspace log late. By then, the user can be a member again."""
    protocol = connected()
    protocol.subscribe(ROOM)
    protocol.receive({"type": "room.removed", "room": ROOM, "reason": "left"})
    assert ROOM in protocol.subscriptions
    assert not any(isinstance(entry, SubscriptionEnded) for entry in protocol.history.entries)


def test_a_refused_room_is_given_up_and_an_unavailable_one_is_retried() -> None:
    protocol = connected()
    [first] = protocol.subscribe(ROOM)
    assert isinstance(first, WriteFrame)
    problem = {"type": "problem", "ref": first.frame["ref"], "room": ROOM, "detail": ""}
    [again] = protocol.receive(problem | {"code": "unavailable"})
    assert isinstance(again, RetryLater)
    [second] = protocol.retry(again.ref)
    assert isinstance(second, WriteFrame)
    assert second.frame["rooms"] == {str(ROOM): 0}
    protocol.receive(problem | {"ref": second.frame["ref"], "code": "not_found"})
    assert ROOM not in protocol.subscriptions


def test_a_room_opened_again_before_its_answer_is_subscribed_after_it() -> None:
    """With two subscribes in flight, it would be unclear to which of them an event belongs."""
    protocol = connected()
    protocol.subscribe(ROOM, Start.NOW)
    assert protocol.subscribe(ROOM) == []
    [again] = protocol.receive(subscribed(seq=5))
    assert isinstance(again, WriteFrame)
    assert again.frame["rooms"] == {str(ROOM): 0}
    assert not protocol.subscriptions[ROOM].live
    protocol.receive(subscribed(seq=5))
    assert protocol.subscriptions[ROOM].live


def test_a_refused_room_that_was_opened_again_meanwhile_is_subscribed_again() -> None:
    protocol = connected()
    [first] = protocol.subscribe(ROOM)
    assert isinstance(first, WriteFrame)
    protocol.subscribe(ROOM)
    problem = {"type": "problem", "ref": first.frame["ref"], "room": ROOM, "detail": ""}
    [again] = protocol.receive(problem | {"code": "forbidden"})
    assert isinstance(again, WriteFrame)
    assert ROOM in protocol.subscriptions
    protocol.receive(problem | {"ref": again.frame["ref"], "code": "forbidden"})
    assert ROOM not in protocol.subscriptions


def test_it_knows_who_is_online() -> None:
    protocol = connected()
    protocol.subscribe(ROOM)
    alice, bob = {"id": 1, "name": "alice"}, {"id": 2, "name": "bob"}
    subscribed = {"type": "subscribed", "room": ROOM, "seq": 0, "resumed": True, "ref": 1}
    protocol.receive(subscribed | {"online": [alice], "online_count": 1})
    change = {"type": "presence.changed", "room": ROOM, "online_count": 1}
    protocol.receive(change | {"joined": [bob], "left": [1]})
    assert protocol.subscriptions[ROOM].online == {2}


def test_unknown_frames_are_ignored_and_unknown_events_move_the_position() -> None:
    server = ModelServer()
    tab = open_tab(server)
    tab.receive({"type": "weather.changed", "to": "rain"})
    tab.receive({"type": "reaction.added", "room": ROOM, "seq": 1, "at": "now"})
    assert tab.protocol.subscriptions[ROOM].position == 1


def test_every_attempt_and_every_answer_is_in_the_history() -> None:
    protocol = connected()
    ref, _ = protocol.command(send_command())
    protocol.receive({"type": "problem", "ref": ref, "code": "unavailable", "detail": ""})
    protocol.retry(ref)
    protocol.receive({"type": "ok", "ref": ref, "message": {"id": 5}})
    answers = [one for one in protocol.history.entries if isinstance(one, CommandAnswered)]
    assert [(one.code, one.message) for one in answers] == [
        ("unavailable", None),
        (None, {"id": 5}),
    ]


def test_an_unsubscribe_is_not_repeated_after_its_connection_is_lost() -> None:
    protocol = connected()
    protocol.subscribe(ROOM)
    ref, _ = protocol.unsubscribe(ROOM)
    protocol.subscribe(ROOM)
    assert CommandDone(ref, {"type": "ok", "ref": ref}) in protocol.closed(1006)
    written = [
        one.frame["type"] for one in protocol.receive(welcome()) if isinstance(one, WriteFrame)
    ]
    assert written == ["subscribe"]


def test_an_unsubscribe_is_not_repeated_after_a_switch() -> None:
    protocol = connected()
    protocol.subscribe(ROOM)
    ref, _ = protocol.unsubscribe(ROOM)
    assert protocol.switched(welcome()) == [CommandDone(ref, {"type": "ok", "ref": ref})]


def test_an_unsubscribe_without_a_connection_is_answered_at_once() -> None:
    protocol = ClientProtocol(History("alice"))
    protocol.subscribe(ROOM)
    ref, effects = protocol.unsubscribe(ROOM)
    assert effects == [CommandDone(ref, {"type": "ok", "ref": ref})]
    assert protocol.receive(welcome()) == []


async def test_the_client_unsubscribes_without_a_connection() -> None:
    alice = Client("alice", "Cookie: sessionid=x", ["127.0.0.1:1"])
    await alice.subscribe(ROOM)
    assert (await alice.unsubscribe(ROOM))["type"] == "ok"


async def test_the_client_gives_up_a_connection_without_a_welcome(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("loadtests.lib.client.websocket.WELCOME_SECONDS", 0.2)
    opened = 0

    async def silent_at_first(socket: ServerConnection) -> None:
        nonlocal opened
        opened += 1
        if opened > 1:
            await socket.send(json.dumps(welcome()))
        await socket.wait_closed()

    async with (
        serving(silent_at_first) as address,
        Client("alice", "Cookie: sessionid=x", [address]) as alice,
    ):
        await alice.wait_until(lambda: alice.connected)
    assert opened == 2


def test_after_a_failed_attempt_the_client_connects_to_another_address() -> None:
    alice = Client("alice", "Cookie: sessionid=x", ["dead", "alive"])
    alice.address = "dead"
    alice.protocol.closed(1006)
    assert {alice.next_address() for _ in range(50)} == {"alive"}
    alice.addresses = ["dead"]
    assert alice.next_address() == "dead"


async def test_the_client_pings_a_silent_server_and_reconnects_without_an_answer(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("loadtests.lib.client.websocket.PONG_SECONDS", 0.2)
    received: list[str] = []

    async def falls_silent(socket: ServerConnection) -> None:
        await socket.send(json.dumps(welcome() | {"heartbeat_seconds": 0.1}))
        async for frame in socket:
            received.append(json.loads(frame)["type"])

    async with (
        serving(falls_silent) as address,
        Client("alice", "Authorization: Bearer x", [address]) as alice,
    ):
        await alice.wait_until(lambda: alice.connected)
        await alice.wait_until(lambda: not alice.connected)
        await alice.wait_until(lambda: alice.connected)
    assert received[0] == "ping"


async def test_a_disconnect_during_a_handshake_closes_the_new_connection() -> None:
    started, answer, left = asyncio.Event(), asyncio.Event(), asyncio.Event()

    async def slowly(_: ServerConnection, __: Request) -> None:
        started.set()
        await answer.wait()

    async def welcoming(socket: ServerConnection) -> None:
        await socket.send(json.dumps(welcome()))
        await socket.wait_closed()
        left.set()

    async with (
        serving(welcoming, slowly) as address,
        Client("alice", "Cookie: sessionid=x", [address]) as alice,
        asyncio.timeout(10),
    ):
        await started.wait()
        await alice.disconnect()
        answer.set()
        await left.wait()
        assert not alice.connected
        alice.reconnect()
        await alice.wait_until(lambda: alice.connected)


async def test_rooms_are_loaded_in_the_executor_of_the_client() -> None:
    with (
        faulty_chat_server() as address,
        ThreadPoolExecutor(1) as executor,
        patch.object(executor, "submit", wraps=executor.submit) as submit,
    ):
        async with Client("alice", "Cookie: sessionid=x", [address], load_executor=executor) as one:
            await one.open(CHAT_ROOM, Start.HISTORY)
    submit.assert_called_once()


async def test_after_a_switch_the_client_reads_the_new_connection_while_the_old_one_closes(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("loadtests.lib.client.websocket.CLOSE_SECONDS", 60)
    opened = 0

    async def says_goodbye_and_stops_reading(socket: ServerConnection) -> None:
        nonlocal opened
        opened += 1
        await socket.send(json.dumps(welcome()))
        if opened == 1:
            await socket.send(json.dumps({"type": "goodbye", "code": 4001, "retry_after_ms": 0}))
            socket.transport.pause_reading()  # so that the close handshake does not end
        else:
            await socket.send(json.dumps({"type": "typing", "room": ROOM}))
        await socket.wait_closed()

    async with (
        serving(says_goodbye_and_stops_reading) as address,
        Client("alice", "Cookie: sessionid=x", [address]) as alice,
    ):
        await alice.wait_until(lambda: alice.protocol.notifications)
        assert opened == 2


@asynccontextmanager
async def serving(
    serve_one: Callable[[ServerConnection], Awaitable[None]],
    before: Callable[[ServerConnection, Request], Awaitable[None]] | None = None,
) -> AsyncIterator[str]:
    """Serve WebSockets. `before` is awaited before each handshake is answered."""
    async with serve(
        serve_one,
        "127.0.0.1",
        0,
        process_request=before,
        subprotocols=["hubbub.v1"],  # type: ignore[list-item]
        close_timeout=1,
    ) as server:
        port = next(iter(server.sockets)).getsockname()[1]
        yield f"127.0.0.1:{port}"


def welcome() -> Frame:
    person = {"id": 1, "name": "alice"}
    frame = {"type": "welcome", "connection": "c", "replica": "r", "epoch": "e", "user": person}
    return frame | {"heartbeat_seconds": 20}


def subscribed(seq: int) -> Frame:
    presence = {"online": None, "online_count": 1}
    return {"type": "subscribed", "ref": 1, "room": ROOM, "seq": seq, "resumed": True} | presence


def connected() -> ClientProtocol:
    protocol = ClientProtocol(History("alice"))
    protocol.receive(welcome())
    return protocol
