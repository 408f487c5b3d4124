"""What one person's sockets tell, judged and measured as it happens. No history is kept.

The order of every subscription is held against the checker's rule entry by entry; a fault says in
which room, at which seq and on which socket. A message that comes to somebody who was away by
choice is no delivery: only the server's delays are measured.
"""

import math
import time
from typing import Protocol

from loadtests.lib.checker import OrderChecker, Violation
from loadtests.lib.client.gevent_client import ConnectionListener
from loadtests.lib.client.history import (
    CommandAnswered,
    Connected,
    Disconnected,
    Entry,
    EventReceived,
    Subscribed,
)
from loadtests.load.message_stamp import sent_at
from loadtests.load.recorder import Recorder
from loadtests.load.run_series import CONNECT, FAULT_OF_RULE, ORDER, RESUME, SEND


class Report(Protocol):
    """Whom a watcher tells: the run, which counts and hands it on to Locust."""

    recorder: Recorder

    def succeeded(self, kind: str, name: str, seconds: float) -> None: ...

    def failed(self, kind: str, name: str, error: Exception) -> None: ...

    def broken(self, kind: str, text: str) -> None: ...


class RefusedError(Exception):
    """A command got a problem for its answer."""


class Watcher(ConnectionListener):
    def __init__(self, name: str, run: str, report: Report) -> None:
        self._order = OrderChecker(name)
        self._run, self._report = run, report
        self._socket = self._replica = ""
        self._me = 0
        self._lost_at: float | None = None
        self._was_live = False
        self.measures = True  # else what is heard is checked, and no delivery
        self._since = math.inf  # messages sent from then on are deliveries

    def take(self, entry: Entry) -> None:
        """Take every entry of the client, in order."""
        for fault in self._order.take(entry):
            self._fault(fault)
        match entry:
            case EventReceived():
                self._report.recorder.second.checked += 1
                if entry.type == "message.created" and entry.message is not None:
                    self._heard(entry.message)
            case Subscribed():
                self._report.recorder.second.checked += 1
            case Connected():
                self._opened(entry)
            case Disconnected():
                self.gone()
            case CommandAnswered(code="rate_limited", command={"type": "message.send"}):
                self._report.failed(SEND, "message.send", RefusedError("rate_limited"))

    def gone(self) -> None:
        """Its socket is no more."""
        if self._replica:
            self._report.recorder.closed(self._replica)
            self._replica = ""

    def opened(self, seconds: float) -> None:
        self._report.succeeded(CONNECT, "/ws/", seconds)

    def not_opened(self, error: Exception) -> None:
        self._report.failed(CONNECT, "/ws/", error)

    def lost(self, code: int, wanted: bool) -> None:
        if wanted:
            self._since = math.inf
        elif self._was_live and self._lost_at is None:
            self._lost_at = time.monotonic()
            self._report.recorder.second.lost += 1

    def coming_back(self) -> None:
        if self._was_live and self._lost_at is None:
            self._lost_at = time.monotonic()

    def live(self) -> None:
        if self._lost_at is not None:
            self._report.succeeded(RESUME, "all rooms", time.monotonic() - self._lost_at)
            self._lost_at = None
        self._was_live = True
        if self._since == math.inf:
            self._since = time.time()

    def _heard(self, message: dict[str, object]) -> None:
        sender = message["sender"]
        at = sent_at(str(message["body"]), self._run)
        if at is None or not isinstance(sender, dict) or sender["id"] == self._me:
            return
        if at < self._since or not self.measures:
            self._report.recorder.second.caught_up += 1
        else:
            self._report.recorder.deliver(time.time() - at)

    def _opened(self, entry: Connected) -> None:
        self.gone()
        self._me, self._replica = entry.user, entry.replica
        self._socket = f"{entry.connection} on {entry.replica}"
        self._report.recorder.opened(entry.replica)

    def _fault(self, fault: Violation) -> None:
        kind = FAULT_OF_RULE.get(fault.rule, ORDER)
        text = f"room {fault.room}: {fault.detail} (socket {self._socket}, {fault.who})"
        self._report.broken(kind, text)
