"""Replays traffic with our client. Every action starts at its recorded time divided by the speed.

A recorded connection is a tab of its user. A new connection reuses a disconnected tab of the same
user, if there is one, and so resumes. Like the actions of real users, an action starts at its time
whether or not earlier actions have been answered. Only a tab that is not connected yet delays its
own actions.
"""

import asyncio
import secrets
import time
from collections import defaultdict, deque
from collections.abc import Callable, Coroutine
from contextlib import suppress
from functools import partial
from typing import Any

from loadtests.lib.client import Client
from loadtests.lib.client.subscription import Start
from loadtests.lib.console import log_above_status
from loadtests.lib.measurements.series import CONNECT, RESUME, SEND
from loadtests.lib.progress import live_line
from loadtests.replay.results import ReplayResults
from loadtests.replay.target import ReplayTarget
from loadtests.replay.traffic import RecordedAction, Traffic

SETTLE_SECONDS = 30.0
PROGRESS_SECONDS = 2.0
OPEN_SECONDS = 30.0
POLL_SECONDS = 0.2
WORDS = "the quick brown fox jumps over the lazy dog and on it goes "


class Player:
    def __init__(self, traffic: Traffic, target: ReplayTarget, speed: float) -> None:
        self.traffic, self.target, self.speed = traffic, target, speed
        self.results = ReplayResults()
        self.tabs: dict[int, Client] = {}  # the connected tabs, by recorded connection
        # Disconnected tabs, by user.
        self._disconnected: defaultdict[int, list[Client]] = defaultdict(list)
        # The ids of each tab's own messages, with the newest last.
        self._own_messages: defaultdict[Client, list[int]] = defaultdict(list)
        self._clients: list[Client] = []
        self._tasks: set[asyncio.Task[None]] = set()
        self._at = 0.0  # the recorded time that the replay has reached

    async def play(self) -> ReplayResults:
        """Replay all actions, wait until everything has arrived, and check the clients."""
        try:
            async with live_line(self._progress, PROGRESS_SECONDS, PROGRESS_SECONDS):
                await self._perform_all()
                await self._settle()
            self.results.check_end(list(self.tabs.values()))
        finally:
            for task in self._tasks:
                task.cancel()
            for client in self._clients:
                await client.close()
        return self.results

    async def _perform_all(self) -> None:
        started = time.monotonic()
        for action in self.traffic.actions:
            due = started + action.at / self.speed
            # Sleep even if the action is already due, because the clients need time to read
            # answers.
            await asyncio.sleep(max(0.0, due - time.monotonic()))
            self.results.late.record(time.monotonic() - due)
            self.results.played[action.kind] += 1
            self._at = action.at
            self._start(self._perform(action))

    def _start(self, work: Coroutine[Any, Any, None]) -> None:
        task = asyncio.get_running_loop().create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._ended)

    def _ended(self, task: "asyncio.Task[None]") -> None:
        self._tasks.discard(task)
        if not task.cancelled() and (error := task.exception()) is not None:
            self.results.failed(type(error).__name__)
            log_above_status(f"An action failed: {error!r}")

    async def _perform(self, action: RecordedAction) -> None:
        client = self.tabs.get(action.connection)
        if action.kind == "connect":
            await self._connect(action)
        elif client is None:
            self.results.skipped[action.kind] += 1
        elif action.room is None:
            await self._perform_outside_rooms(action, client)
        else:
            await self._perform_in_room(action, client, self.target.rooms[action.room])

    async def _perform_outside_rooms(self, action: RecordedAction, client: Client) -> None:
        match action.kind:
            case "disconnect":
                del self.tabs[action.connection]
                self._disconnected[action.user].append(client)
                await client.disconnect(close_frame=action.code not in (None, 1006))
            case "edit" | "delete" if own := self._own_messages[client]:
                started = time.monotonic()
                if action.kind == "edit":
                    body = body_of(action.chars)
                    answer = await client.command("message.edit", message=own[-1], body=body)
                else:
                    answer = await client.command("message.delete", message=own.pop())
                self.results.answered(action.kind, answer, started)
            case kind:
                self.results.skipped[kind] += 1

    async def _connect(self, action: RecordedAction) -> None:
        started, disconnected = time.monotonic(), self._disconnected[action.user]
        if disconnected:
            client = disconnected.pop()
            client.reconnect()
        else:
            client = self._new_tab(action.user)
            await client.__aenter__()
        self.tabs[action.connection] = client
        resumed = list(client.protocol.subscriptions.values())
        if not await self._wait_while_here(action, client, lambda: client.connected):
            return
        self.results.second.latency(CONNECT).record(time.monotonic() - started)
        if resumed and await self._wait_while_here(
            action, client, lambda: all(each.live for each in resumed)
        ):
            self.results.second.latency(RESUME).record(time.monotonic() - started)

    async def _wait_while_here(
        self, action: RecordedAction, client: Client, condition: Callable[[], bool]
    ) -> bool:
        """Wait for a condition. Return False if the recorded tab disconnects before that."""

        def left() -> bool:
            return self.tabs.get(action.connection) is not client

        await client.wait_until(lambda: condition() or left(), OPEN_SECONDS)
        return not left()

    def _new_tab(self, user: int) -> Client:
        name = f"user {user + 1}, tab {len(self._clients) + 1}"
        client = Client(name, self.target.identities[user], self.target.addresses)
        client.history.entries = deque(maxlen=0)  # entries are checked as they happen, and not kept
        client.history.watch = self.results.watch(client)
        self._clients.append(client)
        return client

    async def _perform_in_room(self, action: RecordedAction, client: Client, room: int) -> None:
        match action.kind:
            case "subscribe" if room not in client.protocol.subscriptions:
                await client.subscribe(room, Start.NOW)
            case "unsubscribe" if room in client.protocol.subscriptions:
                await client.unsubscribe(room)
            case "send":
                await self._send(action, client, room)
            case "read":
                number = self.results.newest.get(room, 0)
                await client.command("read", room=room, number=number)
            case "typing" if client.connected:
                await client.send_unanswered("typing", room=room)
            case "subscribe":
                pass  # the room is already open, or the client resumed it
            case kind:
                self.results.skipped[kind] += 1

    async def _send(self, action: RecordedAction, client: Client, room: int) -> None:
        nonce, started = secrets.token_hex(16), time.monotonic()
        self.results.sending(nonce)
        quoted = self.results.quotable.get(room) if action.is_reply else None
        more = {} if quoted is None else {"reply_to": quoted}
        answer = await client.send(room, body_of(action.chars), nonce, **more)
        self.results.answered(SEND, answer, started)
        if answer["type"] == "ok":
            self._own_messages[client].append(answer["message"]["id"])

    async def _settle(self) -> None:
        """Wait until everything is answered and received, or until the timeout."""
        log_above_status("Waiting until everyone has received everything")
        with suppress(TimeoutError):
            async with asyncio.timeout(SETTLE_SECONDS):
                while self._tasks:
                    for client in self._clients:
                        if client.protocol.pending:
                            # This tab still has to get the answers that are missing.
                            client.reconnect()
                    await asyncio.wait(list(self._tasks), timeout=POLL_SECONDS)
                for client in self.tabs.values():
                    await client.wait_until(partial(self._has_all, client), SETTLE_SECONDS)
        if self._tasks:
            self.results.failed("unanswered")

    def _has_all(self, client: Client) -> bool:
        last = self.results.last_seq
        rooms = client.protocol.subscriptions.items()
        return all((each.position or 0) >= last.get(room, 0) for room, each in rooms)

    def _progress(self) -> str:
        sent, late = self.results.played["send"], self.results.late.percentile_ms(99) or 0.0
        return (
            f"{self._at:.0f} of {self.traffic.seconds:.0f} s, {len(self.tabs)} connections, "
            f"{sent} messages, {len(self.results.violations)} violations, late by {late:.0f} ms"
        )


def body_of(chars: int) -> str:
    """Return a meaningless text of this length. The server saves it unchanged."""
    text = (WORDS * (chars // len(WORDS) + 1))[:chars]
    return text[:-1] + "." if text.endswith(" ") else text or "."
