"""Hostile clients get the protocol's answer, and everyone else is unaffected."""

import asyncio
import json
import time
from collections.abc import AsyncIterator
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from typing import Any

import pytest
from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import InvalidStatus

from loadtests.lib.client import Client
from loadtests.lib.monitoring.process_usage import cpu_seconds
from loadtests.lib.simulation.account import Account
from tests.cluster.stage import Stage, bodies, opened
from tests.support.raw_socket import close_code, open_socket, read_until, send_until_closed

# The slowest message of the other users usually takes a tenth of a second, and several times as
# long on a busy machine. It takes longer than this only if an attacker blocks the replica.
BLOCKED_SECONDS = 5
# The CPU time that an attack may cost a replica. The unit is the CPU time of one message, so the
# speed of the machine does not matter. The most expensive attack costs about 100 messages.
MAX_ATTACK_MESSAGES = 300
QUIET_MESSAGES = 20
UNKNOWN_ROOM = 999_999_999


def hostile_socket(
    stage: Stage, *, welcomed: bool = True, **options: Any
) -> AbstractAsyncContextManager[ClientConnection]:
    return open_socket(mallory(stage), stage.cluster.replicas[0], welcomed=welcomed, **options)


async def next_frame(socket: ClientConnection, *types: str) -> dict[str, Any]:
    """Return the next frame of one of these types."""
    return (await read_until(socket, *types))[-1]


@asynccontextmanager
async def others_unaffected(stage: Stage) -> AsyncIterator[None]:
    """Let two users chat during the `with` block. Check that nothing delays or disconnects them."""
    users = stage.users(3)[1:]
    room = stage.room(users)
    pair = [stage.client(user, 0) for user in users]
    async with opened(pair, room):
        sockets = [client.protocol.welcome for client in pair]
        conversation, pids = Conversation(room, *pair), [stage.cluster.replicas[0].pid]
        idle_cpu = cpu_seconds(pids)
        for _ in range(QUIET_MESSAGES):
            await conversation.send()
        quiet_cpu = cpu_seconds(pids)
        done = asyncio.Event()
        sending = asyncio.create_task(conversation.send_until(done))
        yield
        done.set()
        sent = await sending
        cpu_per_message = (quiet_cpu - idle_cpu) / QUIET_MESSAGES
        attack_messages = (cpu_seconds(pids) - quiet_cpu) / cpu_per_message - sent
        assert attack_messages < MAX_ATTACK_MESSAGES
        assert max(conversation.delays) < BLOCKED_SECONDS
        await stage.settle(room, pair)
        assert [client.protocol.welcome for client in pair] == sockets
        await stage.assert_consistent(pair)


class Conversation:
    """Two clients that chat; `delays` are the seconds that each message took to arrive."""

    def __init__(self, room: int, speaker: Client, listener: Client) -> None:
        self._room, self._speaker, self._listener = room, speaker, listener
        self.delays: list[float] = []

    async def send(self) -> None:
        """Send a message and wait until it has arrived."""
        number, sent_at = len(self.delays) + 1, time.monotonic()
        await self._speaker.send(self._room, f"undisturbed {number}")
        await self._listener.wait_until(lambda: len(bodies(self._listener, self._room)) == number)
        self.delays.append(time.monotonic() - sent_at)

    async def send_until(self, done: asyncio.Event) -> int:
        """Send at least three messages, and more until `done` is set. Return how many were sent."""
        sent = 0
        while not done.is_set() or sent < 3:
            await self.send()
            sent += 1
        return sent


@pytest.mark.parametrize(
    "origin", ["https://evil.example", "null", "http://127.0.0.1", "http://127.0.0.1:1"]
)
async def test_a_foreign_origin_is_refused_in_the_handshake(stage: Stage, origin: str) -> None:
    headers = mallory(stage).headers | {"Origin": origin}
    with pytest.raises(InvalidStatus) as refused:
        async with hostile_socket(stage, headers=headers):
            pass
    assert refused.value.response.status_code == 403


async def test_a_cookie_without_an_origin_is_refused_and_a_token_is_not(stage: Stage) -> None:
    with pytest.raises(InvalidStatus):
        async with connect(
            f"ws://{stage.address(0)}/ws/", additional_headers=mallory(stage).headers, proxy=None
        ):
            pass
    bot = await asyncio.to_thread(stage.bot_of, mallory(stage))
    async with hostile_socket(stage, headers=bot.headers, welcomed=False) as socket:
        assert (await next_frame(socket, "welcome"))["user"]["id"] == mallory(stage).id


@pytest.mark.parametrize(
    "headers",
    [
        {},
        {"Cookie": "sessionid=made-up"},
        {"Cookie": 'sessionid="' + "a" * 16 + "\\000" + "b" * 15 + '"'},
        {"Authorization": "Bearer hub_made-up"},
    ],
    ids=["nothing", "a cookie", "a cookie that no database takes", "a token"],
)
async def test_a_client_that_is_not_signed_in_is_closed_with_4501(
    stage: Stage, headers: dict[str, str]
) -> None:
    async with hostile_socket(stage, headers=headers, welcomed=False) as socket:
        assert await close_code(socket) == 4501


async def test_a_client_that_offers_only_unknown_versions_is_closed_with_4503(stage: Stage) -> None:
    offered = ("hubbub.v9", "chat")
    async with hostile_socket(stage, subprotocols=offered, welcomed=False) as socket:
        assert socket.subprotocol == "hubbub.v9"
        assert await close_code(socket) == 4503


@pytest.mark.parametrize(
    ("text", "code"),
    [
        ("{", "bad_frame"),
        ("", "bad_frame"),
        ("[1]", "bad_frame"),
        ('"text"', "bad_frame"),
        ("{}", "bad_frame"),
        ('{"type": 1}', "bad_frame"),
        ('{"type": "ping", "ref": {}}', "bad_frame"),
        (b"\x00\xff", "bad_frame"),
        ('{"type": "message.burn"}', "unknown_type"),
        ('{"type": "message.send"}', "invalid"),
        ('{"type": "message.send", "room": "1", "nonce": "n", "body": "b"}', "invalid"),
        ('{"type": "message.send", "room": 1, "nonce": "", "body": "b"}', "invalid"),
        ('{"type": "message.send", "room": 1, "nonce": "n", "body": null}', "invalid"),
        ('{"type": "message.edit", "message": true, "body": "b"}', "invalid"),
        ('{"type": "message.delete", "message": -1}', "invalid"),
        ('{"type": "message.delete", "message": 1e400}', "invalid"),
        ('{"type": "message.delete", "message": 99999999999999999999}', "invalid"),
        ('{"type": "subscribe", "rooms": []}', "invalid"),
        ('{"type": "subscribe", "rooms": {"x": 1}}', "invalid"),
        ('{"type": "subscribe", "rooms": {"1": -1}}', "invalid"),
        ('{"type": "subscribe", "rooms": {"1": "0"}}', "invalid"),
        ('{"type": "read", "room": 1, "number": 1.5}', "invalid"),
        ("[" * 20_000, "bad_frame"),
        ('{"type": "ping", "x": ' + "[" * 20_000 + "}", "bad_frame"),
        ('{"type": "ping", "padding": "' + "x" * 100_000 + '"}', "too_large"),
    ],
    ids=lambda value: repr(value)[:60],
)
async def test_an_invalid_frame_gets_a_problem_and_the_socket_stays_open(
    stage: Stage, text: str | bytes, code: str
) -> None:
    async with hostile_socket(stage) as socket:
        await socket.send(text)
        problem = await next_frame(socket, "problem")
        assert problem["code"] == code
        assert problem["detail"]
        await socket.send('{"type": "ping", "ref": "still here"}')
        assert (await next_frame(socket, "pong"))["ref"] == "still here"


async def test_a_frame_of_two_megabytes_closes_only_its_own_socket(stage: Stage) -> None:
    async with others_unaffected(stage), hostile_socket(stage) as socket:
        await send_until_closed(socket, '{"type": "ping", "padding": "' + "x" * 2_000_000 + '"}')
        assert await close_code(socket) in (1006, 1009)


async def test_a_stranger_cannot_tell_private_rooms_from_unknown_ones(stage: Stage) -> None:
    private = stage.room(stage.users(3)[1:])
    async with hostile_socket(stage) as socket:
        problems = []
        for room in (private, UNKNOWN_ROOM):
            await socket.send(json.dumps({"type": "subscribe", "rooms": {str(room): 0}}))
            subscribed = await next_frame(socket, "problem", "subscribed")
            await socket.send(
                json.dumps({"type": "message.send", "room": room, "nonce": "n", "body": "b"})
            )
            sent = await next_frame(socket, "problem", "ok")
            assert (subscribed.pop("room"), sent.pop("room", None)) in ((room, None), (room, room))
            problems.append((subscribed, sent))
        assert problems[0] == problems[1]
        assert problems[0][0]["code"] == problems[0][1]["code"] == "not_found"


async def test_a_thousand_pings_in_a_second_are_rate_limited(stage: Stage) -> None:
    async with others_unaffected(stage), hostile_socket(stage) as socket:
        for number in range(1_000):
            await socket.send(f'{{"type": "ping", "ref": {number}}}')
        answers = [await next_frame(socket, "pong", "problem") for _ in range(1_000)]
        assert [answer["ref"] for answer in answers] == list(range(1_000))
        refused = [answer for answer in answers if answer["type"] == "problem"]
        assert {answer["code"] for answer in refused} == {"rate_limited"}
        assert all(answer["retry_after"] >= 0 for answer in refused)
        assert len(refused) > 500


@pytest.mark.parametrize("text", ['{"type": "ping"}', '{"type": "read"}'])
async def test_a_client_that_continues_after_a_thousand_refusals_is_closed(
    stage: Stage, text: str
) -> None:
    async with others_unaffected(stage), hostile_socket(stage) as socket:
        await send_until_closed(socket, *[text] * 10_000)
        assert await close_code(socket) in (4006, 1006)


async def test_a_thousand_bad_frames_close_the_socket(stage: Stage) -> None:
    async with others_unaffected(stage), hostile_socket(stage) as socket:
        await send_until_closed(socket, *["{"] * 1_000)
        assert await close_code(socket) in (4500, 1006)


def mallory(stage: Stage) -> Account:
    """Return a user who sends in no other test, because rate limits take a while to reset."""
    return stage.user("person-0030")
