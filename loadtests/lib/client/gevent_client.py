"""The gevent shell of a conversation: what Locust's people and a replay connect with.

The twin of `client`, over `websocket-client`. gevent must have patched the standard library before
this is imported (Locust does). It keeps no history: pass a `watch` to be told of each entry, and a
`Witness` to be told what became of its sockets.
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
    LOAD_AGAIN_SECONDS,
    BaseClient,
    move_again_seconds,
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

KEPT_NEWS = 100
KEPT_MESSAGES = 200  # of each room: what a page shows, and what one edits
KEPT_PAGES = 2


class ConnectionListener:
    """What a client tells of its sockets; this one does not listen."""

    def opened(self, seconds: float) -> None:
        """A socket is welcome, so long after it was dialled."""

    def not_opened(self, error: Exception) -> None: ...

    def lost(self, code: int, wanted: bool) -> None:
        """The socket is gone; `wanted` where its own person cut it."""

    def coming_back(self) -> None:
        """It dials again."""

    def live(self) -> None:
        """All rooms are live and loaded."""


class GeventClient(BaseClient):
    """One person's tab, from `start` to `close`."""

    def __init__(
        self,
        name: str,
        identity: str,
        addresses: Sequence[str],
        watch: Callable[[Entry], None] | None = None,
        witness: ConnectionListener | None = None,
    ) -> None:
        history = History(name, entries=deque(maxlen=0), watch=watch)
        super().__init__(name, identity, addresses, history)
        self.protocol.notifications = deque(maxlen=KEPT_NEWS)
        self.protocol.make_view = partial(RoomView, most=KEPT_MESSAGES)
        self.witness = witness or ConnectionListener()
        self.read_pause_seconds = 0.0  # a phone's radio: reads what has come, then sleeps so long
        self._socket: Socket | None = None
        self._answers: dict[int, AsyncResult] = {}
        self._greenlets = Group()
        self._moving: gevent.Greenlet[..., None] | None = None
        self._changed = Signal()
        self._reopen_after: float | None = 0.0
        self._away_seconds: float | None = None  # by choice

    def start(self) -> Self:
        self._greenlets.spawn(self._stay_connected)
        return self

    def close(self) -> None:
        """Go for good, as a page that is closed."""
        self._reopen_after = None
        self._greenlets.kill()
        if self._socket is not None:
            gevent_websocket.leave(self._socket)
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
        """Send a message and return its answer, over as many sockets as it takes."""
        nonce = nonce or uuid4().hex
        return self.command("message.send", room=room, nonce=nonce, body=body, within=within)

    def command(self, type: str, *, within: float = 30, **fields: Any) -> Frame:
        """Give a command and wait for its answer. Raises TimeoutError; it may come later yet."""
        ref, effects = self.protocol.command({"type": type, **fields})
        return self._answer(ref, effects, within)

    def send_unanswered(self, type: str, **fields: Any) -> None:
        """Give a command that nobody answers, such as `typing`; lost with its socket."""
        if self.connected:
            self._write({"type": type, **fields})

    def drop_connection(self, away_seconds: float = 0.0) -> None:
        """Lose the socket as a network does, and dial again after so long at the least."""
        if self._socket is not None:
            self._away_seconds = away_seconds
            gevent_websocket.abort(self._socket)

    def wait_until(self, condition: Callable[[], Any], within: float = 30) -> None:
        """Wait until `condition` holds; raises TimeoutError when it does not in time."""
        deadline = time.monotonic() + within
        while not condition():
            self._changed.clear()
            if not self._changed.wait(max(0.0, deadline - time.monotonic())):
                raise TimeoutError(f"{self.name} waited {within:g} s in vain.")

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
        while self._reopen_after is not None:
            gevent.sleep(max(self._reopen_after, self._away_seconds or 0.0))
            self._away_seconds = None
            self.witness.coming_back()
            code = self._live()
            self.witness.lost(code, self._away_seconds is not None)
            self._do(self.protocol.closed(code))
            self._changed.set()

    def _live(self) -> int:
        """Live through one socket, and those that take its place; return the last close code."""
        self.address = self.next_address()
        dialled = time.perf_counter()
        try:
            self._socket = gevent_websocket.connected(self.address, self.headers)
        except NOT_OPENED as error:
            self.witness.not_opened(error)
            return ABNORMAL_CLOSURE
        try:
            return self._listen(dialled)
        finally:
            self._put_away()

    def _listen(self, dialled: float) -> int:
        while (socket := self._socket) is not None:
            try:
                text = gevent_websocket.hear(socket, self.protocol.welcome)
            except (ClosedError, *LOST) as error:
                if socket is self._socket:
                    return self._ended(error)
            else:
                if socket is self._socket:  # else it was left meanwhile
                    self._hear(json.loads(text), dialled)
        return ABNORMAL_CLOSURE

    def _hear(self, frame: Frame, dialled: float) -> None:
        if frame["type"] == "welcome":
            self.witness.opened(time.perf_counter() - dialled)
        self._do(self.protocol.receive(frame))
        if frame["type"] in ("welcome", "subscribed"):
            self._tell_if_live()
        self._changed.set()
        if self.read_pause_seconds and self._may_nap():
            gevent.sleep(self.read_pause_seconds)

    def _may_nap(self) -> bool:
        """Whether all is live and nothing waits: a radio that is awake takes what there is."""
        live = self.connected and all(map(self.is_open, self.protocol.subscriptions))
        return live and self._socket is not None and not self._socket.has_more()

    def _ended(self, error: BaseException) -> int:
        code = error.code if isinstance(error, ClosedError) else ABNORMAL_CLOSURE
        if not self.connected and self._away_seconds is None:
            self.witness.not_opened(ConnectionError(f"closed with {code} before any welcome"))
        return code

    def _put_away(self) -> None:
        socket, self._socket = self._socket, None
        if self._moving is not None:
            self._moving.kill(block=False)
        if socket is not None:
            gevent_websocket.leave(socket)

    def _move(self) -> None:
        """Go over to a next socket; where none opens in time, the old one is lived to its end."""
        address, dialled = self.next_address(), time.perf_counter()
        try:
            socket, welcome = gevent_websocket.welcomed(address, self.headers)
        except NOT_OPENED:
            gevent.sleep(move_again_seconds())
            self._moving = self._greenlets.spawn(self._move)
            return
        self.witness.opened(time.perf_counter() - dialled)
        old, self._socket, self.address = self._socket, socket, address
        self.witness.lost(NORMAL_CLOSURE, wanted=False)
        self._do(self.protocol.switched(welcome))
        self._changed.set()
        if old is not None:
            gevent_websocket.leave(old)

    def _do(self, effects: list[Effect]) -> None:
        for effect in effects:
            match effect:
                case WriteFrame(frame):
                    self._write(frame)
                case LoadRoom():
                    self._greenlets.spawn(self._load, effect)
                case RetryLater(ref, after_seconds):
                    self._greenlets.spawn(self._again, ref, after_seconds)
                case CommandDone(ref, answer):
                    self._resolve(ref, answer)
                case Reconnect(after_seconds):
                    self._reopen_after = after_seconds
                case SwitchConnection():
                    self._moving = self._greenlets.spawn(self._move)
                case Stop(code):
                    self.stop_code, self._reopen_after = code, None

    def _write(self, frame: Frame) -> None:
        if self._socket is not None:
            # A lost socket is met where it is listened to; what was not answered is sent again.
            with suppress(*LOST):
                self._socket.send(json.dumps(frame))

    def _load(self, load: LoadRoom) -> None:
        try:
            seq, messages = rest.load_room(self.address, load.room, self.headers, KEPT_PAGES)
        except (OSError, rest.RefusedError):
            gevent.sleep(LOAD_AGAIN_SECONDS)
            self._greenlets.spawn(self._load, load)
            return
        self.protocol.loaded(load.room, load.load, seq, messages)
        self._tell_if_live()
        self._changed.set()

    def _tell_if_live(self) -> None:
        if self.connected and all(map(self.is_open, self.protocol.subscriptions)):
            self.witness.live()

    def _again(self, ref: int, after_seconds: float) -> None:
        gevent.sleep(after_seconds)
        self._do(self.protocol.retry(ref))

    def _resolve(self, ref: int, answer: Frame) -> None:
        waiting = self._answers.pop(ref, None)
        if waiting is not None:
            waiting.set(answer)
