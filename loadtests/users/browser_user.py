"""Somebody with the page open: its assets, a socket with all their rooms, and what one does there.

What a socket tells goes to its watcher, which judges the order of everything on it.
"""

import random
import re
import time
from typing import Any, ClassVar

import gevent
from locust.exception import StopUser

from loadtests.lib.client.gevent_client import GeventClient
from loadtests.load.connection_observer import RefusedError, Watcher
from loadtests.load.run_series import COMMAND, CONNECT, SEND
from loadtests.users.base import SEND_SECONDS, HubbubUser

# Scripts and styles have names by their content, so a browser asks for them once in a long while.
COLD_CACHE = 0.2
ASSETS = re.compile(r'(?:href|src)="(/static/[^"]+|/catalog\.js)"')
OPEN_SECONDS = 30.0
TYPING_SECONDS = 2.0
TYPES_FIRST = 0.3  # of what is said: others see that it is being written


class TabUser(HubbubUser):
    abstract = True

    measures_deliveries: ClassVar[bool] = True

    def __init__(self, *arguments: Any) -> None:
        super().__init__(*arguments)
        self.away = False
        self.watcher: Watcher | None = None
        self.tab: GeventClient | None = None

    def open(self) -> None:
        self.open_page()
        watcher = Watcher(self.name, self.load.plan.run, self.load)
        watcher.measures, self.watcher = self.measures_deliveries, watcher
        addresses = [self.load.plan.host]
        self.tab = GeventClient(self.name, self.identity, addresses, watcher.take, watcher).start()
        self.load.clients.add(self.tab)
        try:
            self.tab.open(*self.rooms, within=OPEN_SECONDS)
        except TimeoutError as error:
            self.load.failed(CONNECT, "all rooms", error)
            raise StopUser from None

    def close(self) -> None:
        if self.tab is not None:
            self.load.clients.discard(self.tab)
            self.tab.close()
        if self.watcher is not None:
            self.watcher.gone()

    def open_page(self) -> None:
        """Load the page, and what it is made of where the browser does not have it."""
        page = self.client.get(
            f"/rooms/{self.rooms[0]}", name="/rooms/[id]", headers=self.headers()
        )
        if self.is_new_here or random.random() < COLD_CACHE:
            for asset in dict.fromkeys(ASSETS.findall(page.text or "")):
                self.client.get(asset, name="/static/…", headers=self.headers())

    @property
    def is_new_here(self) -> bool:
        """Whether they came through the form: on a device that knows nothing yet."""
        return self.ticket is not None and self.ticket.line.startswith("Account")

    def say(self, room: int, text: str) -> None:
        if self.tab is None or self.away:
            return
        if random.random() < TYPES_FIRST:
            self.tab.send_unanswered("typing", room=room)
        began = time.monotonic()
        try:
            answer = self.tab.send(room, text, within=SEND_SECONDS)
        except TimeoutError as error:
            self.load.failed(SEND, "message.send", error)
            return
        if answer["type"] == "ok":
            self.load.succeeded(SEND, "message.send", time.monotonic() - began)
        else:
            self.load.failed(SEND, "message.send", RefusedError(answer["code"]))

    def mark_read(self, room: int) -> None:
        """Say how far one has read, as the page does."""
        assert self.tab is not None
        shown = (
            self.tab.subscription(room).view.messages()
            if room in self.tab.protocol.subscriptions
            else []
        )
        if shown:
            self._command("read", room=room, number=shown[-1]["number"])

    def scroll_back(self, room: int, pages: int) -> None:
        """Read page after page of what was before, with a moment to read each."""
        messages = self.read_page(room)
        for _ in range(pages):
            if not messages:
                return
            gevent.sleep(random.uniform(1, 3))
            messages = self.read_page(room, before=min(one["seq"] for one in messages))

    def edit_last(self, room: int) -> None:
        """Mend the newest thing that one said in a room."""
        assert self.tab is not None
        if room not in self.tab.protocol.subscriptions:
            return
        me = self.tab.protocol.user
        own = [
            one for one in self.tab.subscription(room).view.messages() if one["sender"]["id"] == me
        ]
        if own and not own[-1]["deleted_at"]:
            body = f"(mended) {own[-1]['body'].removeprefix('(mended) ')}"
            self._command("message.edit", message=own[-1]["id"], body=body)

    def leave_for(self, seconds: float) -> None:
        """Lose the socket for a while: everything that was said is answered before."""
        assert self.tab is not None
        self.away = True
        try:
            self.tab.wait_until(lambda: not self.tab or not self.tab.protocol.pending, SEND_SECONDS)
            self.tab.drop_connection(seconds)
            gevent.sleep(seconds)
            self.tab.wait_until(lambda: self.tab and self.tab.connected, OPEN_SECONDS)
        except TimeoutError as error:
            self.load.failed(CONNECT, "coming back", error)
        finally:
            self.away = False

    def _command(self, type: str, **fields: Any) -> None:
        """Give a command and count its answer by its name."""
        assert self.tab is not None
        began = time.monotonic()
        try:
            answer = self.tab.command(type, within=SEND_SECONDS, **fields)
        except TimeoutError as error:
            self.load.failed(COMMAND, type, error)
            return
        if answer["type"] == "ok":
            self.load.succeeded(COMMAND, type, time.monotonic() - began)
        else:
            self.load.failed(COMMAND, type, RefusedError(answer["code"]))
