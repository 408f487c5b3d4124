"""Checks and measures what one user's connections receive, as it happens, without a history.

The checker's rule judges the order of every subscription, entry by entry. An error names the room,
the seq and the connection. A message that reaches a user late because the user was away by choice
does not count as a delivery: only delays that the server causes are measured.
"""

import math
import time

from loadtests.lib.checker import OrderChecker, Violation
from loadtests.lib.client import history as entries
from loadtests.lib.client.connection_listener import ConnectionListener
from loadtests.lib.client.history import Entry
from loadtests.lib.measurements.series import CONNECT, ORDER_ERROR_OF_RULE, REORDERED, RESUME, SEND
from loadtests.load.message_stamp import read_stamp
from loadtests.load.recorder import Recorder


class RefusedError(Exception):
    """A command was answered with a problem."""


class ConnectionObserver(ConnectionListener):
    """Observes one client.

    Pass `observe` as the client's `watch`, and the observer itself as its listener.
    """

    def __init__(self, name: str, run_id: str, recorder: Recorder) -> None:
        self._order = OrderChecker(name)
        self._run_id, self._recorder = run_id, recorder
        self._connection = self._replica = ""
        self._user = 0
        self._lost_at: float | None = None
        self._was_live = False
        self.measures_deliveries = True  # if False, messages are checked but not measured
        # Only messages that were sent after this time count as deliveries.
        self._measured_since = math.inf

    def observe(self, entry: Entry) -> None:
        """Handle the next entry of the client's history. Entries must come in order."""
        for violation in self._order.check(entry):
            self._report(violation)
        match entry:
            case entries.EventReceived():
                self._recorder.second.checked += 1
                if entry.type == "message.created" and entry.message is not None:
                    self._message_received(entry.message)
            case entries.Subscribed():
                self._recorder.second.checked += 1
            case entries.Connected():
                self._connected(entry)
            case entries.Disconnected():
                self.disconnected()
            case entries.CommandAnswered(code="rate_limited", command={"type": "message.send"}):
                self._recorder.failed(SEND, "message.send", RefusedError("rate_limited"))

    def disconnected(self) -> None:
        if self._replica:
            self._recorder.connection_closed(self._replica)
            self._replica = ""

    def opened(self, seconds: float) -> None:
        self._recorder.succeeded(CONNECT, "/ws/", seconds)

    def not_opened(self, error: Exception) -> None:
        self._recorder.failed(CONNECT, "/ws/", error)

    def lost(self, intended: bool) -> None:
        if intended:
            self._measured_since = math.inf
        elif self._was_live and self._lost_at is None:
            self._lost_at = time.monotonic()
            self._recorder.second.lost += 1

    def connecting(self) -> None:
        if self._was_live and self._lost_at is None:
            self._lost_at = time.monotonic()

    def all_open(self) -> None:
        if self._lost_at is not None:
            self._recorder.succeeded(RESUME, "all rooms", time.monotonic() - self._lost_at)
            self._lost_at = None
        self._was_live = True
        if self._measured_since == math.inf:
            self._measured_since = time.time()

    def _message_received(self, message: dict[str, object]) -> None:
        sender = message["sender"]
        sent_at = read_stamp(str(message["body"]), self._run_id)
        if sent_at is None or not isinstance(sender, dict) or sender["id"] == self._user:
            return
        if sent_at < self._measured_since or not self.measures_deliveries:
            self._recorder.second.caught_up += 1
        else:
            self._recorder.record_delivery(time.time() - sent_at)

    def _connected(self, entry: entries.Connected) -> None:
        self.disconnected()
        self._user, self._replica = entry.user, entry.replica
        self._connection = f"{entry.connection} on {entry.replica}"
        self._recorder.connection_opened(entry.replica)

    def _report(self, violation: Violation) -> None:
        kind = ORDER_ERROR_OF_RULE.get(violation.rule, REORDERED)
        where = f"connection {self._connection}, {violation.client}"
        self._recorder.order_error(kind, f"room {violation.room}: {violation.detail} ({where})")
