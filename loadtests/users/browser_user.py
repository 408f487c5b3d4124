"""Users with the page open: its assets, a WebSocket with all their rooms, and what they do there.

An observer judges everything that the WebSocket receives. The kinds of users are at the end of this
file.
"""

import asyncio
import random
import re
import time
from collections import deque
from typing import Any

from locust.exception import StopUser

from loadtests.lib.client import Client, History
from loadtests.lib.client.gevent_loop import run
from loadtests.lib.client.history import Frame
from loadtests.lib.client.subscription import Start
from loadtests.lib.measurements.series import COMMAND, CONNECT, SEND
from loadtests.lib.simulation.tab_activities import ANSWER_SECONDS, OPEN_SECONDS, TabActivities
from loadtests.lib.simulation.user_kinds import LURKER, READER, TALKER, WANDERER, Activity
from loadtests.load.connection_observer import ConnectionObserver, RefusedError
from loadtests.users.base import HubbubUser

# Scripts and styles are named after their content, so a browser rarely loads them again.
COLD_CACHE_CHANCE = 0.2
ASSETS = re.compile(r'(?:href|src)="(/static/[^"]+|/catalog\.js)"')
TYPING_CHANCE = 0.3  # the probability that `typing` precedes a send
MESSAGES_KEPT = 200  # messages kept of each room, to mark them as read: as many as a page shows


class BrowserUser(HubbubUser):
    abstract = True

    def __init__(self, *arguments: Any) -> None:
        super().__init__(*arguments)
        self.observer: ConnectionObserver | None = None
        self.tab: MeasuredTab | None = None

    def open(self) -> None:
        self.open_page()
        self.observer = ConnectionObserver(self.name, self.run_state.plan.run_id, self.run_state)
        # A phone's radio sleeps and so delays what reaches the phone. So its messages are checked,
        # but their latencies are not measured.
        self.observer.measures_deliveries = not self.kind.radio_sleep_seconds
        client = Client(
            self.name,
            self.session,
            [self.run_state.plan.host],
            history=History(self.name, deque(maxlen=0), watch=self.observer.observe),
            listener=self.observer,
            messages_kept=MESSAGES_KEPT,
            # The client's default executor limits how many rooms load at a time. Users would then
            # wait for each other's loads, and count this wait as time to resume.
            load_executor=None,
        )
        client.read_pause_seconds = self.kind.radio_sleep_seconds
        self.tab = MeasuredTab(self, client)
        self.run_state.clients.add(client)
        try:
            run(self.tab.arrive())
        except TimeoutError as error:
            self.run_state.failed(CONNECT, "all rooms", error)
            raise StopUser from None

    def close(self) -> None:
        if self.tab is not None:
            self.run_state.clients.discard(self.tab.client)
            run(self.tab.leave())
        if self.observer is not None:
            self.observer.disconnected()

    def open_page(self) -> None:
        """Load the page. Load its assets, too, if the browser does not have them."""
        path = f"/rooms/{self.rooms[0]}"
        page = self.client.get(path, name="/rooms/[id]", headers=self.headers())
        signed_in_now = self.identity is not None and self.identity.signs_in
        if signed_in_now or random.random() < COLD_CACHE_CHANCE:
            for asset in dict.fromkeys(ASSETS.findall(page.text or "")):
                self.client.get(asset, name="/static/…", headers=self.headers())

    def perform(self, activity: Activity, room: int) -> None:
        assert self.tab is not None
        try:
            run(self.tab.perform(activity, room))
        except TimeoutError as error:
            self.run_state.failed(CONNECT, activity.value, error)


class MeasuredTab(TabActivities):
    """The tab of a Locust user. It reports each command to the run, with its latency."""

    def __init__(self, user: BrowserUser, client: Client) -> None:
        async def read_page(room: int, before: int | None) -> list[Frame]:
            where = {} if before is None else {"before": before}
            return await asyncio.to_thread(user.read_page, room, **where)

        super().__init__(client, user.kind, user.new_text, user.random, user.rooms, read_page)
        self._user, self._run = user, user.run_state
        self._sending: asyncio.Task[None] | None = None

    async def arrive(self) -> None:
        """Connect, open all rooms and start to send. Raises TimeoutError."""
        await self.client.__aenter__()
        for room in self.rooms:
            await self.client.subscribe(room, Start.NOW)
        await self.client.wait_until(lambda: self.client.all_open, OPEN_SECONDS)
        # Sends start in the event loop, because switching to the loop for each send would double
        # the CPU time of a send.
        self._sending = asyncio.create_task(self._send_at_random_times())

    async def leave(self) -> None:
        if self._sending is not None:
            self._sending.cancel()
        await self.client.close()

    async def _send_at_random_times(self) -> None:
        async with asyncio.TaskGroup() as sends:
            while (seconds := self._user.seconds_to_next_send()) is not None:
                await asyncio.sleep(seconds)
                sends.create_task(self._send_and_record_errors(self._user.random_room()))

    async def _send_and_record_errors(self, room: int) -> None:
        try:
            await self.send(room)
        except Exception as error:  # after any error, the user goes on sending
            self._run.failed(SEND, "message.send", error)

    async def send(self, room: int) -> None:
        if not self.away and self.random.random() < TYPING_CHANCE:
            await self.type(room)
        await super().send(room)

    def edited_text(self, body: str) -> str:
        # The text keeps its stamp. With a new one, a user who receives the message only after a
        # resume would measure the time since the edit.
        return body

    async def command(self, type: str, **fields: Any) -> Frame:
        kind = SEND if type == "message.send" else COMMAND
        started = time.monotonic()
        try:
            async with asyncio.timeout(ANSWER_SECONDS):
                answer = await super().command(type, **fields)
        except TimeoutError as error:
            self._run.failed(kind, type, error)
            return {"type": "problem", "code": "timeout"}
        if answer["type"] == "ok":
            self._run.succeeded(kind, type, time.monotonic() - started)
        else:
            self._run.failed(kind, type, RefusedError(answer["code"]))
        return answer


class Reader(BrowserUser):
    kind = READER
    weight = READER.share


class Talker(BrowserUser):
    kind = TALKER
    weight = TALKER.share


class Wanderer(BrowserUser):
    kind = WANDERER
    weight = WANDERER.share


class Lurker(BrowserUser):
    kind = LURKER
    weight = LURKER.share
