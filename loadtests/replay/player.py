"""Plays traffic: every act at its time, divided by the speed, by the one client.

A recorded socket is a tab of its person. One that comes back takes up a tab of theirs that is away,
if there is one, and so resumes where it was. Acts begin at their time whether or not what came
before them is answered, as people's do; a tab that is not connected yet holds them back itself.
"""

import asyncio
import json
import secrets
import time
from collections import defaultdict, deque
from collections.abc import Callable, Coroutine
from contextlib import suppress
from functools import partial
from typing import Any

from loadtests.lib.client import Client
from loadtests.lib.client.subscription import Start
from loadtests.load.run_series import CONNECT, RESUME, SEND
from loadtests.replay.environment import Scene
from loadtests.replay.results import Book
from loadtests.replay.traffic import Act, Traffic

SETTLE_SECONDS = 30.0
PROGRESS_SECONDS = 2.0
OPEN_SECONDS = 30.0
LOOK_SECONDS = 0.2
EDIT = "edit"
WORDS = "the quick brown fox jumps over the lazy dog and on it goes "

Report = Callable[[str], None]


class Player:
    def __init__(self, traffic: Traffic, scene: Scene, speed: float, report: Report) -> None:
        self.traffic, self.scene, self.speed, self.report = traffic, scene, speed, report
        self.book = Book()
        self.tabs: dict[int, Client] = {}  # by the recorded socket, those that are here
        self._away: defaultdict[int, list[Client]] = defaultdict(list)  # by person
        self._own: defaultdict[Client, list[int]] = defaultdict(list)  # messages, the newest last
        self._all: list[Client] = []
        self._tasks: set[asyncio.Task[None]] = set()
        self._said_at = 0.0

    async def play(self) -> Book:
        """Play all of it, let it settle, and judge what everybody heard."""
        began = time.monotonic()
        try:
            for act in self.traffic.acts:
                await self._until(began + act.at / self.speed)
                self.book.late.add(time.monotonic() - began - act.at / self.speed)
                self.book.played[act.kind] += 1
                self._begin(self._do(act))
                self._say(act)
            await self._settle()
            self.book.judge_end(list(self.tabs.values()))
        finally:
            for task in self._tasks:
                task.cancel()
            for client in self._all:
                await client.close()
        return self.book

    async def _until(self, due: float) -> None:
        wait = due - time.monotonic()
        # Also where it is due already: the answers have to be heard.
        await asyncio.sleep(max(0.0, wait))

    def _begin(self, work: Coroutine[Any, Any, None]) -> None:
        task = asyncio.get_running_loop().create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._ended)

    def _ended(self, task: "asyncio.Task[None]") -> None:
        self._tasks.discard(task)
        if not task.cancelled() and (error := task.exception()) is not None:
            self.book.failed(type(error).__name__)
            self.report(f"An act failed: {error!r}")

    async def _do(self, act: Act) -> None:
        if act.kind == "connect":
            await self._connect(act)
            return
        client = self.tabs.get(act.socket)
        if client is None:
            self.book.skipped[act.kind] += 1
            return
        room = None if act.room is None else self.scene.rooms[act.room]
        match act.kind:
            case "disconnect":
                await self._disconnect(act, client)
            case "edit" | "delete":
                await self._change(act, client)
            case _ if room is not None:
                await self._in_room(act, client, room)

    async def _connect(self, act: Act) -> None:
        began, away = time.monotonic(), self._away[act.person]
        if away:
            client = away.pop()
            client.reconnect()
        else:
            client = self._new_tab(act.person)
            await client.__aenter__()
        self.tabs[act.socket] = client
        open_before = list(client.protocol.subscriptions.values())
        if not await self._until_here(act, client, lambda: client.connected):
            return
        self.book.second.latency(CONNECT).add(time.monotonic() - began)
        if open_before and await self._until_here(
            act, client, lambda: all(each.live for each in open_before)
        ):
            self.book.second.latency(RESUME).add(time.monotonic() - began)

    async def _until_here(self, act: Act, client: Client, condition: Callable[[], bool]) -> bool:
        """Wait for something, and return True; False where it is sent away again before that."""

        def left() -> bool:
            return self.tabs.get(act.socket) is not client

        await client.wait_until(lambda: condition() or left(), OPEN_SECONDS)
        return not left()

    def _new_tab(self, person: int) -> Client:
        name = f"person {person + 1}, tab {len(self._all) + 1}"
        client = Client(name, self.scene.identities[person], self.scene.addresses)
        client.history.entries = deque(maxlen=0)
        client.history.watch = self.book.watching(client)
        self._all.append(client)
        return client

    async def _disconnect(self, act: Act, client: Client) -> None:
        del self.tabs[act.socket]
        self._away[act.person].append(client)
        await client.disconnect(politely=act.code not in (None, 1006))

    async def _in_room(self, act: Act, client: Client, room: int) -> None:
        match act.kind:
            case "subscribe" if room not in client.protocol.subscriptions:
                await client.subscribe(room, Start.NOW)
            case "unsubscribe" if room in client.protocol.subscriptions:
                await client.unsubscribe(room)
            case "send":
                await self._send(act, client, room)
            case "read":
                number = self.book.newest.get(room, 0)
                await client.command("read", room=room, number=number)
            case "typing" if client.connected:
                await client.write(json.dumps({"type": "typing", "room": room}))
            case "subscribe":
                pass  # open already, or resumed by itself
            case kind:
                self.book.skipped[kind] += 1

    async def _send(self, act: Act, client: Client, room: int) -> None:
        nonce, began = secrets.token_hex(16), time.monotonic()
        self.book.sending(nonce)
        quoted = self.book.quotable.get(room) if act.is_reply else None
        more = {} if quoted is None else {"reply_to": quoted}
        answer = await client.send(room, body_of(act.chars), nonce, **more)
        self.book.answered(SEND, answer, began)
        if answer["type"] == "ok":
            self._own[client].append(answer["message"]["id"])

    async def _change(self, act: Act, client: Client) -> None:
        own = self._own[client]
        if not own:
            self.book.skipped[act.kind] += 1
            return
        began = time.monotonic()
        if act.kind == EDIT:
            body = body_of(act.chars)
            answer = await client.command("message.edit", message=own[-1], body=body)
        else:
            answer = await client.command("message.delete", message=own.pop())
        self.book.answered(act.kind, answer, began)

    async def _settle(self) -> None:
        """Wait until all is answered and everybody has heard everything, or for long enough."""
        self.report("Waiting until everybody has heard everything")
        with suppress(TimeoutError):
            async with asyncio.timeout(SETTLE_SECONDS):
                while self._tasks:
                    for client in self._all:
                        if client.protocol.pending:
                            client.reconnect()  # for the answers that it went without
                    await asyncio.wait(list(self._tasks), timeout=LOOK_SECONDS)
                for client in self.tabs.values():
                    await client.wait_until(partial(self._has_heard, client), SETTLE_SECONDS)
        if self._tasks:
            self.book.failed("unanswered")

    def _has_heard(self, client: Client) -> bool:
        rooms = client.protocol.subscriptions.items()
        return all((each.position or 0) >= self.book.last.get(room, 0) for room, each in rooms)

    def _say(self, act: Act) -> None:
        now = time.monotonic()
        if now - self._said_at < PROGRESS_SECONDS:
            return
        self._said_at = now
        sent, late = self.book.played["send"], self.book.late.percentile_ms(99) or 0.0
        self.report(
            f"{act.at:.0f} of {self.traffic.seconds:.0f} s recorded, {len(self.tabs)} sockets, "
            f"{sent} messages, {len(self.book.faults)} faults, late by {late:.0f} ms"
        )


def body_of(chars: int) -> str:
    """Return so many characters that mean nothing, and are kept as they are."""
    text = (WORDS * (chars // len(WORDS) + 1))[:chars]
    return text[:-1] + "." if text.endswith(" ") else text or "."
