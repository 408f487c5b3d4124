"""What a replay measured: latencies, violations, failures, and how late the player itself was.

The entries of the clients' histories are checked as they happen, and not kept.
"""

import time
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from loadtests.lib.checker import Log, OrderChecker, Violation
from loadtests.lib.checker.log_rules import check as check_log
from loadtests.lib.client import Client
from loadtests.lib.client.history import (
    Connected,
    Disconnected,
    Entry,
    EventReceived,
    SubscriptionEnded,
)
from loadtests.lib.measurements.histogram import Histogram
from loadtests.lib.measurements.series import (
    DELIVER,
    ORDER_ERROR_OF_RULE,
    REORDERED,
    Second,
    Series,
)

# If one action in a hundred starts later than this, the results say more about the player than
# about the server.
LATE_MS = 250.0


@dataclass(slots=True)
class ReplayResults:
    series: Series = field(default_factory=Series)
    violations: list[Violation] = field(default_factory=list)
    late: Histogram = field(default_factory=Histogram)
    played: Counter[str] = field(default_factory=Counter)
    # Actions for which there was nothing to act on.
    skipped: Counter[str] = field(default_factory=Counter)
    refused: Counter[str] = field(default_factory=Counter)  # refused commands, by problem code
    # For each message: its room and nonce.
    saved: dict[int, tuple[int, str]] = field(default_factory=dict)
    quotable: dict[int, int] = field(default_factory=dict)  # for each room: one of its messages
    # For each room: the highest seq that any client saw.
    last_seq: dict[int, int] = field(default_factory=dict)
    # For each room: the number of its last message.
    newest: dict[int, int] = field(default_factory=dict)
    # For each nonce: when the message was sent.
    _sent_at: dict[str, float] = field(default_factory=dict)

    @property
    def second(self) -> Second:
        """The current second."""
        at = int(time.time())
        return self.series.seconds.setdefault(at, Second(at))

    @property
    def player_was_late(self) -> bool:
        return (self.late.percentile_ms(99) or 0.0) > LATE_MS

    def failed(self, kind: str) -> None:
        self.second.failures[kind] += 1

    def sending(self, nonce: str) -> None:
        self._sent_at[nonce] = time.monotonic()

    def answered(self, kind: str, answer: dict[str, Any], started: float) -> None:
        """Note the final answer to a command that was sent at `started` (monotonic)."""
        if answer["type"] == "problem":
            self.refused[answer["code"]] += 1
            self.failed(kind)
            return
        self.second.latency(kind).record(time.monotonic() - started)
        if message := answer.get("message"):
            self.saved[message["id"]] = message["room"], message["nonce"]
            self.quotable[message["room"]] = message["id"]
            self._raise_last_seq(message["room"], message["rev"])

    def watch(self, client: Client) -> Callable[[Entry], None]:
        """Return a function that checks a client's history as it happens."""
        order = OrderChecker(client.name)

        def check(entry: Entry) -> None:
            for violation in order.check(entry):
                self._order_error(violation)
            match entry:
                case EventReceived():
                    self._received(entry, client)
                case Connected(replica=replica):
                    connections = self.second.connections
                    connections[replica] = connections.get(replica, 0) + 1
                case SubscriptionEnded(reason=reason):
                    self.refused[reason] += 1
                    self.failed("removed")
                case Disconnected(code=code) if code not in (1000, 1006):
                    self.second.lost += 1

        return check

    def check_end(self, clients: list[Client]) -> None:
        """Note a violation if a client did not receive everything in a room that it has open."""
        for client in clients:
            for room, subscription in client.protocol.subscriptions.items():
                position, last = subscription.position or 0, self.last_seq.get(room, 0)
                if position < last:
                    detail = f"received up to {position} of {last}"
                    self.violations.append(Violation("received-all", client.name, room, detail))

    def check_log(self, log: Log) -> None:
        """Compare the acknowledged messages with the log.

        This is only possible on servers that the replay started.
        """
        self.violations += check_log(log)
        for message, (room, nonce) in self.saved.items():
            logged = log.messages.get(message)
            if logged is None or (logged.room, logged.nonce) != (room, nonce):
                detail = f"message {message} was answered ok, and the log has {logged}"
                self.violations.append(Violation("ok-logged", "player", room, detail))

    def _raise_last_seq(self, room: int, seq: int) -> None:
        self.last_seq[room] = max(seq, self.last_seq.get(room, 0))

    def _received(self, entry: EventReceived, client: Client) -> None:
        self.second.checked += 1
        self._raise_last_seq(entry.room, entry.seq)
        message = entry.message
        if entry.type != "message.created" or message is None:
            return
        self.newest[entry.room] = max(message["number"], self.newest.get(entry.room, 0))
        sent_at = self._sent_at.get(message["nonce"])
        subscription = client.protocol.subscriptions.get(entry.room)
        if sent_at is None or message["sender"]["id"] == client.protocol.user:
            return
        # The client missed these while it was away.
        if subscription is None or not subscription.live:
            self.second.caught_up += 1
        else:
            self.second.latency(DELIVER).record(entry.at - sent_at)

    def _order_error(self, violation: Violation) -> None:
        self.second.order_errors[ORDER_ERROR_OF_RULE.get(violation.rule, REORDERED)] += 1
        self.violations.append(violation)
