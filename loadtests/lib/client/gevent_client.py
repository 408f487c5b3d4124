"""The gevent client, which Locust's users connect with.

The counterpart of `client`, over `websocket-client`. gevent must have patched the standard library
before this is imported (Locust does). It keeps no history: pass a `watch`, which gets each entry,
and a `ConnectionListener`, which learns what happens to its sockets.
"""

import json
import time
from collections import deque
from collections.abc import Callable, Sequence
from contextlib import suppress
from functools import partial
from typing import Any, Self
from uuid import uuid4

import gevent
from gevent.event import AsyncResult
from gevent.event import Event as Signal
from gevent.pool import Group

from loadtests.lib.client import gevent_websocket, rest
from loadtests.lib.client.base_client import (
    ABNORMAL_CLOSURE,
    LOAD_RETRY_SECONDS,
    BaseClient,
    switch_retry_seconds,
)
from loadtests.lib.client.effects import (
    CommandDone,
    Effect,
    LoadRoom,
    Reconnect,
    RetryLater,
    Stop,
    SwitchConnection,
    WriteFrame,
)
from loadtests.lib.client.gevent_websocket import LOST, NOT_OPENED, ClosedError, Socket
from loadtests.lib.client.history import Entry, Frame, History
from loadtests.lib.client.protocol import NORMAL_CLOSURE
from loadtests.lib.client.room_view import RoomView
from loadtests.lib.client.subscription import Start

MAX_NOTIFICATIONS = 100
MAX_MESSAGES = 200  # kept per room: as many as a page shows
LOADED_PAGES = 2


class ConnectionListener:
    """What a client reports about its sockets; this one ignores everything."""

    def opened(self, seconds: float) -> None:
        """The server welcomed a socket, this long after the client started to connect."""

    def not_opened(self, error: Exception) -> None: ...

    def lost(self, code: int, intended: bool) -> None:
        """The socket ended; `intended` if `drop_connection` was called."""

    def reconnecting(self) -> None:
        """The client starts to connect."""

    def live(self) -> None:
        """All rooms are live and loaded."""


class GeventClient(BaseClient):
    """One tab of a user, from `start` to `close`."""

    def __init__(
        self,
        name: str,
        identity: str,
        addresses: Sequence[str],
        watch: Callable[[Entry], None] | None = None,
        listener: ConnectionListener | None = None,
    ) -> None:
        history = History(name, entries=deque(maxlen=0), watch=watch)
        super().__init__(name, identity, addresses, history)
        self.protocol.notifications = deque(maxlen=MAX_NOTIFICATIONS)
        self.protocol.make_view = partial(RoomView, limit=MAX_MESSAGES)
        self.listener = listener or ConnectionListener()
        # A phone's radio: it reads what has arrived, then sleeps for this long.
        self.read_pause_seconds = 0.0
        self._socket: Socket | None = None
        self._answers: dict[int, AsyncResult] = {}
        self._greenlets = Group()
        self._switching: gevent.Greenlet[..., None] | None = None
        self._changed = Signal()
        self._reconnect_after: float | None = 0.0
        self._away_seconds: float | None = None  # after `drop_connection`

    def start(self) -> Self:
        self._greenlets.spawn(self._stay_connected)
        return self

    def close(self) -> None:
        """Close for good, like a page that the user leaves."""
        self._reconnect_after = None
        self._greenlets.kill()
        if self._socket is not None:
            gevent_websocket.close(self._socket)
            self._socket = None

    def open(self, *rooms: int, start: Start = Start.NOW, within: float = 30) -> None:
        """Subscribe to rooms, and wait until they are live. Raises TimeoutError."""
        for room in rooms:
            self._do(self.protocol.subscribe(room, start))
        self.wait_until(lambda: all(map(self.is_open, rooms)), within)

    def unsubscribe(self, room: int, within: float = 30) -> Frame:
        ref, effects = self.protocol.unsubscribe(room)
        return self._answer(ref, effects, within)

    def send(self, room: int, body: str, nonce: str = "", within: float = 30) -> Frame:
        """Send a message and return its answer, reconnecting as often as it takes."""
        nonce = nonce or uuid4().hex
        return self.command("message.send", room=room, nonce=nonce, body=body, within=within)

    def command(self, type: str, *, within: float = 30, **fields: Any) -> Frame:
        """Send a command and wait for its answer, which may still come after a TimeoutError."""
        ref, effects = self.protocol.command({"type": type, **fields})
        return self._answer(ref, effects, within)

    def send_unanswered(self, type: str, **fields: Any) -> None:
        """Send a command without an answer, such as `typing`; it is lost with its socket."""
        if self.connected:
            self._write({"type": type, **fields})

    def drop_connection(self, away_seconds: float = 0.0) -> None:
        """Drop the socket as a network failure does; reconnect after at least `away_seconds`."""
        if self._socket is not None:
            self._away_seconds = away_seconds
            gevent_websocket.abort(self._socket)

    def wait_until(self, condition: Callable[[], Any], within: float = 30) -> None:
        """Wait until `condition` holds; raises TimeoutError if it does not in time."""
        deadline = time.monotonic() + within
        while not condition():
            self._changed.clear()
            if not self._changed.wait(max(0.0, deadline - time.monotonic())):
                raise TimeoutError(f"{self.name} waited {within:g} s for a condition.")

    def _answer(self, ref: int, effects: list[Effect], within: float) -> Frame:
        result = self._answers[ref] = AsyncResult()
        self._do(effects)
        try:
            answer: Frame = result.get(timeout=within)
        except gevent.Timeout:
            raise TimeoutError(f"no answer within {within:g} s") from None
        finally:
            self._answers.pop(ref, None)
        return answer

    def _stay_connected(self) -> None:
        while self._reconnect_after is not None:
            gevent.sleep(max(self._reconnect_after, self._away_seconds or 0.0))
            self._away_seconds = None
            self.listener.reconnecting()
            code = self._run_connection()
            self.listener.lost(code, self._away_seconds is not None)
            self._do(self.protocol.closed(code))
            self._changed.set()

    def _run_connection(self) -> int:
        """Use one socket and those that replace it; return the last close code."""
        self.address = self.next_address()
        started = time.perf_counter()
        try:
            self._socket = gevent_websocket.connect_socket(self.address, self.headers)
        except NOT_OPENED as error:
            self.listener.not_opened(error)
            return ABNORMAL_CLOSURE
        try:
            return self._listen(started)
        finally:
            self._close_socket()

    def _listen(self, started: float) -> int:
        while (socket := self._socket) is not None:
            try:
                text = gevent_websocket.receive(socket, self.protocol.welcome)
            except (ClosedError, *LOST) as error:
                if socket is self._socket:
                    return self._ended(error)
            else:
                if socket is self._socket:  # otherwise it has been replaced
                    self._receive(json.loads(text), started)
        return ABNORMAL_CLOSURE

    def _receive(self, frame: Frame, started: float) -> None:
        if frame["type"] == "welcome":
            self.listener.opened(time.perf_counter() - started)
        self._do(self.protocol.receive(frame))
        if frame["type"] in ("welcome", "subscribed"):
            self._report_if_live()
        self._changed.set()
        if self.read_pause_seconds and self._may_pause():
            gevent.sleep(self.read_pause_seconds)

    def _may_pause(self) -> bool:
        """Whether all rooms are live and nothing is left to read: the radio may sleep."""
        live = self.connected and all(map(self.is_open, self.protocol.subscriptions))
        return live and self._socket is not None and not self._socket.has_more()

    def _ended(self, error: BaseException) -> int:
        code = error.code if isinstance(error, ClosedError) else ABNORMAL_CLOSURE
        if not self.connected and self._away_seconds is None:
            self.listener.not_opened(ConnectionError(f"closed with {code} before a welcome"))
        return code

    def _close_socket(self) -> None:
        socket, self._socket = self._socket, None
        if self._switching is not None:
            self._switching.kill(block=False)
        if socket is not None:
            gevent_websocket.close(socket)

    def _switch(self) -> None:
        """Open a replacement socket; until one opens, the old one stays in use."""
        address, started = self.next_address(), time.perf_counter()
        try:
            socket, welcome = gevent_websocket.connect_and_welcome(address, self.headers)
        except NOT_OPENED:
            gevent.sleep(switch_retry_seconds())
            self._switching = self._greenlets.spawn(self._switch)
            return
        self.listener.opened(time.perf_counter() - started)
        old, self._socket, self.address = self._socket, socket, address
        self.listener.lost(NORMAL_CLOSURE, intended=False)
        self._do(self.protocol.switched(welcome))
        self._changed.set()
        if old is not None:
            gevent_websocket.close(old)

    def _do(self, effects: list[Effect]) -> None:
        for effect in effects:
            match effect:
                case WriteFrame(frame):
                    self._write(frame)
                case LoadRoom():
                    self._greenlets.spawn(self._load, effect)
                case RetryLater(ref, after_seconds):
                    self._greenlets.spawn(self._retry, ref, after_seconds)
                case CommandDone(ref, answer):
                    self._resolve(ref, answer)
                case Reconnect(after_seconds):
                    self._reconnect_after = after_seconds
                case SwitchConnection():
                    self._switching = self._greenlets.spawn(self._switch)
                case Stop(code):
                    self.stop_code, self._reconnect_after = code, None

    def _write(self, frame: Frame) -> None:
        if self._socket is not None:
            # `_listen` notices a lost socket; unanswered commands are sent again on the next one.
            with suppress(*LOST):
                self._socket.send(json.dumps(frame))

    def _load(self, load: LoadRoom) -> None:
        try:
            seq, messages = rest.load_room(self.address, load.room, self.headers, LOADED_PAGES)
        except (OSError, rest.RefusedError):
            gevent.sleep(LOAD_RETRY_SECONDS)
            self._greenlets.spawn(self._load, load)
            return
        self.protocol.loaded(load.room, load.load, seq, messages)
        self._report_if_live()
        self._changed.set()

    def _report_if_live(self) -> None:
        if self.connected and all(map(self.is_open, self.protocol.subscriptions)):
            self.listener.live()

    def _retry(self, ref: int, after_seconds: float) -> None:
        gevent.sleep(after_seconds)
        self._do(self.protocol.retry(ref))

    def _resolve(self, ref: int, answer: Frame) -> None:
        waiting = self._answers.pop(ref, None)
        if waiting is not None:
            waiting.set(answer)
