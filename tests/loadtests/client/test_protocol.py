"""The client keeps the rules for resuming, so that what it meets is the server's doing."""

import asyncio
import json
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from typing import Any

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
from tests.support.model_server import ROOM, ModelClient, ModelServer

Frame = dict[str, Any]


def a_tab(server: ModelServer, start: Start = Start.BEGINNING) -> ModelClient:
    tab = ModelClient(server, 1)
    tab.protocol.subscribe(ROOM, start)
    tab.connect()
    return tab


def bodies(tab: ModelClient) -> list[str]:
    return [message["body"] for message in tab.protocol.subscriptions[ROOM].view.messages()]


def send_command(nonce: str = "n") -> Frame:
    return {"type": "message.send", "room": ROOM, "nonce": nonce, "body": "hello"}


def test_its_position_is_the_highest_seq_that_it_applied() -> None:
    server = ModelServer()
    tab = a_tab(server)
    server.send(2, "x", "hello")
    server.send(2, "y", "there")
    tab.catch_up()
    assert tab.protocol.subscriptions[ROOM].position == 2


def test_an_answer_a_bump_and_a_gap_do_not_move_its_position() -> None:
    server = ModelServer()
    tab = a_tab(server)
    tab.run_effects(tab.protocol.command(send_command())[1])
    tab.receive({"type": "room.bumped", "room": ROOM, "seq": 5, "number": 5})
    server.send(2, "x", "hello")
    tab.receive(server.event(2))
    assert tab.protocol.subscriptions[ROOM].position == 0


def test_it_resumes_at_its_position_on_the_next_socket() -> None:
    server = ModelServer()
    tab = a_tab(server)
    server.send(2, "x", "heard")
    tab.catch_up()
    tab.drop_connection()
    server.send(2, "y", "missed")
    tab.connect()
    assert bodies(tab) == ["heard", "missed"]
    assert tab.protocol.subscriptions[ROOM].position == 2


def test_it_sends_again_with_the_same_nonce_what_was_not_answered() -> None:
    server = ModelServer()
    tab = a_tab(server)
    tab.protocol.command(send_command("once"))  # written, and the answer is lost
    server.send(1, "once", "hello")
    tab.drop_connection()
    tab.connect()
    assert len(server.messages) == 1
    assert not tab.protocol.pending


def test_it_sends_nothing_again_that_was_answered() -> None:
    protocol = connected()
    ref, _ = protocol.command(send_command())
    assert protocol.receive({"type": "ok", "ref": ref}) == [
        CommandDone(ref, {"type": "ok", "ref": ref})
    ]
    protocol.closed(1006)
    assert protocol.receive(welcome()) == []


def test_commands_given_while_away_go_out_after_the_welcome_in_order() -> None:
    protocol = ClientProtocol(History("alice"))
    protocol.command(send_command("first"))
    protocol.command(send_command("second"))
    effects = protocol.receive(welcome())
    assert [effect.frame["nonce"] for effect in effects if isinstance(effect, WriteFrame)] == [
        "first",
        "second",
    ]


@pytest.mark.parametrize("code", ["unavailable", "rate_limited"])
def test_it_tries_later_again_what_was_only_not_possible_now(code: str) -> None:
    protocol = connected()
    ref, [first] = protocol.command(send_command())
    problem = {"type": "problem", "ref": ref, "code": code, "detail": "", "retry_after": 2.5}
    assert protocol.receive(problem) == [RetryLater(ref, 2.5)]
    assert protocol.retry(ref) == [first]


def test_an_impatient_command_takes_unavailable_for_an_answer() -> None:
    protocol = connected()
    ref, _ = protocol.command(send_command(), retry=False)
    problem = {"type": "problem", "ref": ref, "code": "unavailable", "detail": ""}
    assert protocol.receive(problem) == [CommandDone(ref, problem)]


def test_what_is_refused_is_not_tried_again() -> None:
    protocol = connected()
    ref, _ = protocol.command(send_command())
    problem = {"type": "problem", "ref": ref, "code": "forbidden", "detail": ""}
    assert protocol.receive(problem) == [CommandDone(ref, problem)]
    assert not protocol.pending


def test_too_far_behind_it_loads_the_room_and_is_live_meanwhile() -> None:
    server = ModelServer(replay_max=1)
    tab = a_tab(server)
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


def test_a_load_cannot_bring_old_text_back() -> None:
    server = ModelServer(replay_max=0)
    server.send(2, "x", "secret")
    tab = a_tab(server)
    [load] = tab.loads
    page = [dict(message) for message in server.messages.values()]
    server.delete(101)
    tab.last_sent = 1
    tab.receive(server.event(2))
    tab.protocol.loaded(ROOM, load.load, 1, page)
    assert bodies(tab) == [""]


def test_a_load_of_a_lost_socket_is_dropped_and_done_again() -> None:
    server = ModelServer(replay_max=0)
    server.send(2, "x", "hello")
    tab = a_tab(server)
    [load] = tab.loads
    tab.drop_connection()
    tab.protocol.loaded(ROOM, load.load, 1, [dict(server.messages[101])])
    assert tab.protocol.subscriptions[ROOM].position is None
    tab.connect()
    tab.catch_up()
    assert bodies(tab) == ["hello"]


def test_another_epoch_makes_it_forget_all_positions() -> None:
    server = ModelServer()
    tab = a_tab(server)
    server.send(2, "x", "lost with the database")
    tab.catch_up()
    tab.drop_connection(4005)
    server.__init__()  # type: ignore[misc]
    server.epoch = "second"
    server.send(2, "y", "after the restore")
    tab.connect()
    tab.catch_up()
    assert bodies(tab) == ["after the restore"]


def test_from_now_on_shows_nothing_older_not_even_when_it_is_edited() -> None:
    server = ModelServer()
    server.send(2, "x", "before")
    tab = a_tab(server, Start.NOW)
    server.edit(101, "edited")
    server.send(2, "y", "after")
    tab.catch_up()
    assert bodies(tab) == ["after"]


def test_history_is_what_was_before_and_what_comes() -> None:
    server = ModelServer()
    server.send(2, "x", "before")
    tab = a_tab(server, Start.HISTORY)
    server.send(2, "y", "after")
    tab.catch_up()
    assert bodies(tab) == ["before", "after"]


@pytest.mark.parametrize("code", [4500, 4501, 4502, 4503, 4504, 4999])
def test_it_stays_away_when_told_to(code: int) -> None:
    assert connected().closed(code) == [Stop(code)]


@pytest.mark.parametrize("code", [1000, 1001, 1006, 1011, 1012, 4001, 4002, 4003, 4004, 4005])
def test_it_comes_back_within_a_second_after_any_other_close(code: int) -> None:
    [effect] = connected().closed(code)
    assert isinstance(effect, Reconnect)
    assert 0 < effect.after_seconds <= 1


def test_it_waits_longer_while_nobody_welcomes_it_and_as_long_as_goodbye_says() -> None:
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


def test_told_goodbye_it_goes_over_to_the_next_socket_and_loses_nothing() -> None:
    server = ModelServer()
    tab = a_tab(server)
    server.send(2, "x", "heard")
    tab.catch_up()
    goodbye = {"type": "goodbye", "code": 4001, "retry_after_ms": 300}
    assert tab.protocol.receive(goodbye) == [SwitchConnection()]
    tab.protocol.command(send_command("in flight"))
    server.send(2, "y", "missed")
    tab.move()
    tab.catch_up()
    assert bodies(tab) == ["heard", "missed", "hello"]
    assert not tab.protocol.pending


@pytest.mark.parametrize("code", [4500, 4501, 4502])
def test_a_goodbye_that_means_stay_away_moves_nobody(code: int) -> None:
    assert connected().receive({"type": "goodbye", "code": code}) == []


def test_a_goodbye_before_any_welcome_is_no_reason_to_hurry() -> None:
    protocol = ClientProtocol(History("alice"))
    assert protocol.receive({"type": "goodbye", "code": 4001, "retry_after_ms": 0}) == []


@pytest.mark.parametrize("code", [1007, 1009])
def test_it_does_not_repeat_the_frame_that_closed_its_socket(code: int) -> None:
    protocol = connected()
    long, _ = protocol.command(send_command("long") | {"body": "x" * 1_000})
    protocol.command(send_command("short"))
    failed = protocol.closed(code)[0]
    assert isinstance(failed, CommandDone)
    assert failed.ref == long
    [again] = protocol.receive(welcome())
    assert isinstance(again, WriteFrame)
    assert again.frame["nonce"] == "short"


def test_a_room_that_one_is_put_out_of_is_not_asked_for_again() -> None:
    protocol = connected()
    protocol.subscribe(ROOM)
    protocol.receive(subscribed(seq=0))
    protocol.receive({"type": "room.removed", "room": ROOM, "reason": "removed"})
    protocol.closed(1006)
    assert protocol.receive(welcome()) == []


def test_what_tells_of_an_earlier_stay_does_not_end_what_was_asked_since() -> None:
    """The place's log tells it late on a busy replica: one was let in again meanwhile."""
    protocol = connected()
    protocol.subscribe(ROOM)
    protocol.receive({"type": "room.removed", "room": ROOM, "reason": "left"})
    assert ROOM in protocol.subscriptions
    assert not any(isinstance(entry, SubscriptionEnded) for entry in protocol.history.entries)


def test_a_room_refused_is_given_up_and_one_unavailable_is_asked_for_again() -> None:
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


def test_a_room_opened_again_before_its_answer_is_asked_for_after_it() -> None:
    """Else nobody could say which of the two an event belongs to."""
    protocol = connected()
    protocol.subscribe(ROOM, Start.NOW)
    assert protocol.subscribe(ROOM) == []
    [again] = protocol.receive(subscribed(seq=5))
    assert isinstance(again, WriteFrame)
    assert again.frame["rooms"] == {str(ROOM): 0}
    assert not protocol.subscriptions[ROOM].live
    protocol.receive(subscribed(seq=5))
    assert protocol.subscriptions[ROOM].live


def test_a_room_refused_is_asked_for_again_where_it_was_opened_again_meanwhile() -> None:
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


def test_it_knows_who_is_there() -> None:
    protocol = connected()
    protocol.subscribe(ROOM)
    alice, bob = {"id": 1, "name": "alice"}, {"id": 2, "name": "bob"}
    subscribed = {"type": "subscribed", "room": ROOM, "seq": 0, "resumed": True, "ref": 1}
    protocol.receive(subscribed | {"online": [alice], "online_count": 1})
    change = {"type": "presence.changed", "room": ROOM, "online_count": 1}
    protocol.receive(change | {"joined": [bob], "left": [1]})
    assert protocol.subscriptions[ROOM].online == {2}


def test_unknown_frames_and_events_are_skipped_and_events_still_counted() -> None:
    server = ModelServer()
    tab = a_tab(server)
    tab.receive({"type": "weather.changed", "to": "rain"})
    tab.receive({"type": "reaction.added", "room": ROOM, "seq": 1, "at": "now"})
    assert tab.protocol.subscriptions[ROOM].position == 1


def test_every_try_and_every_answer_is_in_its_history() -> None:
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


def test_a_leave_is_not_repeated_once_its_socket_is_lost() -> None:
    protocol = connected()
    protocol.subscribe(ROOM)
    ref, _ = protocol.unsubscribe(ROOM)
    protocol.subscribe(ROOM)
    assert CommandDone(ref, {"type": "ok", "ref": ref}) in protocol.closed(1006)
    written = [
        one.frame["type"] for one in protocol.receive(welcome()) if isinstance(one, WriteFrame)
    ]
    assert written == ["subscribe"]


def test_a_leave_is_not_repeated_on_the_socket_that_it_goes_over_to() -> None:
    protocol = connected()
    protocol.subscribe(ROOM)
    ref, _ = protocol.unsubscribe(ROOM)
    assert protocol.switched(welcome()) == [CommandDone(ref, {"type": "ok", "ref": ref})]


def test_a_room_that_is_left_without_a_socket_is_left_at_once() -> None:
    protocol = ClientProtocol(History("alice"))
    protocol.subscribe(ROOM)
    ref, effects = protocol.unsubscribe(ROOM)
    assert effects == [CommandDone(ref, {"type": "ok", "ref": ref})]
    assert protocol.receive(welcome()) == []


async def test_the_shell_leaves_a_room_without_a_socket() -> None:
    alice = Client("alice", "Cookie: sessionid=x", ["127.0.0.1:1"])
    await alice.subscribe(ROOM)
    assert (await alice.unsubscribe(ROOM))["type"] == "ok"


async def test_the_shell_gives_up_a_socket_without_a_welcome_and_finds_another(
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


async def test_the_shell_pings_a_silent_server_and_gives_it_up_without_an_answer(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("loadtests.lib.client.websocket.PONG_SECONDS", 0.2)
    heard: list[str] = []

    async def falls_silent(socket: ServerConnection) -> None:
        await socket.send(json.dumps(welcome() | {"heartbeat_seconds": 0.1}))
        async for frame in socket:
            heard.append(json.loads(frame)["type"])

    async with (
        serving(falls_silent) as address,
        Client("alice", "Authorization: Bearer x", [address]) as alice,
    ):
        await alice.wait_until(lambda: alice.connected)
        await alice.wait_until(lambda: not alice.connected)
        await alice.wait_until(lambda: alice.connected)
    assert heard[0] == "ping"


async def test_the_shell_that_goes_away_during_a_handshake_has_no_socket_after_it() -> None:
    dialled, answer, left = asyncio.Event(), asyncio.Event(), asyncio.Event()

    async def slowly(_: ServerConnection, __: Request) -> None:
        dialled.set()
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
        await dialled.wait()
        await alice.disconnect()
        answer.set()
        await left.wait()
        assert not alice.connected
        alice.reconnect()
        await alice.wait_until(lambda: alice.connected)


@asynccontextmanager
async def serving(
    serve_one: Callable[[ServerConnection], Awaitable[None]],
    before: Callable[[ServerConnection, Request], Awaitable[None]] | None = None,
) -> AsyncIterator[str]:
    """Serve sockets; `before` the handshake of each is answered, something may be waited for."""
    async with serve(
        serve_one,
        "127.0.0.1",
        0,
        process_request=before,
        subprotocols=["hubbub.v1"],  # type: ignore[list-item]
    ) as server:
        port = next(iter(server.sockets)).getsockname()[1]
        yield f"127.0.0.1:{port}"


def welcome() -> Frame:
    person = {"id": 1, "name": "alice"}
    frame = {"type": "welcome", "connection": "c", "replica": "r", "epoch": "e", "user": person}
    return frame | {"heartbeat_seconds": 20}


def subscribed(seq: int) -> Frame:
    there = {"online": None, "online_count": 1}
    return {"type": "subscribed", "ref": 1, "room": ROOM, "seq": seq, "resumed": True} | there


def connected() -> ClientProtocol:
    protocol = ClientProtocol(History("alice"))
    protocol.receive(welcome())
    return protocol
