"""Users with the page open: its assets, a WebSocket with all their rooms, and what they do there.

An observer judges everything that the WebSocket receives. The kinds of users are at the end.
"""

import asyncio
import random
import re
import time
from collections import deque
from collections.abc import Coroutine
from typing import Any, ClassVar

import gevent
from locust.exception import StopUser

from loadtests.lib.client import Client, History
from loadtests.lib.client.gevent_loop import run
from loadtests.lib.client.history import Frame
from loadtests.lib.client.subscription import Start
from loadtests.lib.measurements.series import COMMAND, CONNECT, SEND
from loadtests.lib.simulation.user_kinds import LURKER, READER, TALKER, WANDERER, Activity
from loadtests.load.connection_observer import ConnectionObserver, RefusedError
from loadtests.users.base import SEND_SECONDS, HubbubUser

# Scripts and styles are named after their content, so a browser rarely loads them again.
COLD_CACHE_CHANCE = 0.2
ASSETS = re.compile(r'(?:href|src)="(/static/[^"]+|/catalog\.js)"')
OPEN_SECONDS = 30.0
TYPING_CHANCE = 0.3  # of a send being preceded by `typing`
EDIT_MARK = "(edited) "
MESSAGES_KEPT = 200  # of each room: as many as a page shows, and what its user edits


class BrowserUser(HubbubUser):
    abstract = True

    measures_deliveries: ClassVar[bool] = True
    away_seconds: ClassVar[tuple[float, float]] = (0.5, 10.0)  # after a lost connection
    radio_sleep_seconds: ClassVar[float] = 0.0  # between reads from the connection
    pages_back: ClassVar[int] = 1  # at most, when scrolling back

    def __init__(self, *arguments: Any) -> None:
        super().__init__(*arguments)
        self.activities = {
            Activity.MARK_READ: self.mark_read,
            Activity.EDIT: self.edit_last,
            Activity.SCROLL_BACK: self.scroll_back,
            Activity.CHANGE_ROOM: self.change_room,
            Activity.LOSE_CONNECTION: self.lose_connection,
        }
        self.away = False
        self.observer: ConnectionObserver | None = None
        self.tab: Client | None = None

    def open(self) -> None:
        self.open_page()
        self.observer = ConnectionObserver(self.name, self.run_state.plan.run_id, self.run_state)
        self.observer.measures_deliveries = self.measures_deliveries
        self.tab = Client(
            self.name,
            self.session,
            [self.run_state.plan.host],
            history=History(self.name, deque(maxlen=0), watch=self.observer.observe),
            listener=self.observer,
            messages_kept=MESSAGES_KEPT,
        )
        self.tab.read_pause_seconds = self.radio_sleep_seconds
        self.run_state.clients.add(self.tab)
        try:
            run(self._open_rooms(self.tab), OPEN_SECONDS)
        except TimeoutError as error:
            self.run_state.failed(CONNECT, "all rooms", error)
            raise StopUser from None

    async def _open_rooms(self, tab: Client) -> None:
        await tab.__aenter__()
        for room in self.rooms:
            await tab.subscribe(room, Start.NOW)
        await tab.wait_until(lambda: tab.all_open, OPEN_SECONDS)

    def close(self) -> None:
        if self.tab is not None:
            self.run_state.clients.discard(self.tab)
            run(self.tab.close())
        if self.observer is not None:
            self.observer.disconnected()

    def open_page(self) -> None:
        """Load the page, and its assets if the browser does not have them."""
        path = f"/rooms/{self.rooms[0]}"
        page = self.client.get(path, name="/rooms/[id]", headers=self.headers())
        signed_in_now = self.identity is not None and self.identity.signs_in
        if signed_in_now or random.random() < COLD_CACHE_CHANCE:
            for asset in dict.fromkeys(ASSETS.findall(page.text or "")):
                self.client.get(asset, name="/static/…", headers=self.headers())

    def send(self, room: int, text: str) -> None:
        if self.tab is None or self.away:
            return
        tab = self.tab
        if random.random() < TYPING_CHANCE:
            run(tab.send_unanswered("typing", room=room))
        self._measure(SEND, "message.send", tab.send(room, text))

    def mark_read(self, room: int) -> None:
        """Mark a room as read up to its last message, as the page does."""
        messages = self._messages(room)
        if messages:
            self._command("read", room=room, number=messages[-1]["number"])

    def scroll_back(self, room: int) -> None:
        """Read older pages, with a moment to read each."""
        messages = self.read_page(room)
        for _ in range(random.randint(1, self.pages_back)):
            if not messages:
                return
            gevent.sleep(random.uniform(1, 3))
            messages = self.read_page(room, before=min(one["seq"] for one in messages))

    def edit_last(self, room: int) -> None:
        """Edit the user's newest message in a room."""
        assert self.tab is not None
        me = self.tab.protocol.user
        own = [one for one in self._messages(room) if one["sender"]["id"] == me]
        if own and not own[-1]["deleted_at"]:
            body = EDIT_MARK + own[-1]["body"].removeprefix(EDIT_MARK)
            self._command("message.edit", message=own[-1]["id"], body=body)

    def change_room(self, room: int) -> None:
        """Close a room, read its history, open it again."""
        assert self.tab is not None
        try:
            run(self.tab.unsubscribe(room), OPEN_SECONDS)
            self.read_page(room)
            run(self.tab.open(room, Start.NOW, OPEN_SECONDS))
        except TimeoutError as error:
            self.run_state.failed(CONNECT, "a room", error)

    def lose_connection(self, _: int) -> None:
        """Lose the connection for a while, once all sent messages are answered."""
        assert self.tab is not None
        self.away = True
        try:
            run(self._reconnect_later(self.tab, random.uniform(*self.away_seconds)))
        except TimeoutError as error:
            self.run_state.failed(CONNECT, "reconnect", error)
        finally:
            self.away = False

    async def _reconnect_later(self, tab: Client, seconds: float) -> None:
        await tab.wait_until(lambda: not tab.protocol.pending, SEND_SECONDS)
        await tab.disconnect(close_frame=False)
        await asyncio.sleep(seconds)
        tab.reconnect()
        await tab.wait_until(lambda: tab.connected, OPEN_SECONDS)

    def _messages(self, room: int) -> list[Frame]:
        """Return what the page shows of a room; nothing while the room is closed."""
        assert self.tab is not None
        open_rooms = self.tab.protocol.subscriptions
        return self.tab.subscription(room).view.messages() if room in open_rooms else []

    def _command(self, type: str, **fields: Any) -> None:
        assert self.tab is not None
        self._measure(COMMAND, type, self.tab.command(type, **fields))

    def _measure(self, kind: str, name: str, command: Coroutine[Any, Any, Frame]) -> None:
        """Record the answer to a command and how long it took."""
        started = time.monotonic()
        try:
            answer = run(command, SEND_SECONDS)
        except TimeoutError as error:
            self.run_state.failed(kind, name, error)
            return
        if answer["type"] == "ok":
            self.run_state.succeeded(kind, name, time.monotonic() - started)
        else:
            self.run_state.failed(kind, name, RefusedError(answer["code"]))


class Reader(BrowserUser):
    """Like most people: keeps the page open next to work, reads, sometimes scrolls back."""

    kind = READER
    weight = READER.share
    pages_back = 3


class Talker(BrowserUser):
    """One of the few who write most messages; reads everything, and edits."""

    kind = TALKER
    weight = TALKER.share


class Wanderer(BrowserUser):
    """A user on the move: changes rooms, loses the network in lifts, resumes elsewhere."""

    kind = WANDERER
    weight = WANDERER.share


class Lurker(BrowserUser):
    """A phone in a pocket: its radio sleeps between reads, and the app is often away.

    The phone itself delays what reaches it, so its deliveries are checked but not measured.
    """

    kind = LURKER
    weight = LURKER.share
    measures_deliveries = False
    away_seconds = (5.0, 40.0)
    radio_sleep_seconds = 0.5
