"""What a replay met: latencies, faults of order, what was lost, and how late the player was itself.

The clients' histories are judged entry by entry as they happen, and nothing of them is kept.
"""

import time
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from loadtests.lib.checker.log import Log
from loadtests.lib.checker.log_rules import check as check_log
from loadtests.lib.checker.subscriptions import OrderChecker
from loadtests.lib.checker.violation import Violation
from loadtests.lib.client import Client
from loadtests.lib.client.history import (
    Connected,
    Disconnected,
    Entry,
    EventReceived,
    SubscriptionEnded,
)
from loadtests.load.histogram import Histogram
from loadtests.load.run_series import DELIVER, FAULT_OF_RULE, ORDER, Second, Series

# A player that is later than this with one act in a hundred measures itself.
LATE_MS = 250.0


@dataclass(slots=True)
class Book:
    series: Series = field(default_factory=Series)
    faults: list[Violation] = field(default_factory=list)
    late: Histogram = field(default_factory=Histogram)
    played: Counter[str] = field(default_factory=Counter)
    skipped: Counter[str] = field(default_factory=Counter)  # what had nothing to be done to
    refused: Counter[str] = field(default_factory=Counter)  # by problem code
    saved: dict[int, tuple[int, str]] = field(default_factory=dict)  # message: room, nonce
    quotable: dict[int, int] = field(default_factory=dict)  # room: a message of it
    # room: the highest seq that anybody heard or was answered
    last: dict[int, int] = field(default_factory=dict)
    newest: dict[int, int] = field(default_factory=dict)  # room: the number of its newest message
    _sent_at: dict[str, float] = field(default_factory=dict)  # by nonce

    @property
    def second(self) -> Second:
        """The one that runs."""
        at = int(time.time())
        return self.series.seconds.setdefault(at, Second(at))

    @property
    def player_was_late(self) -> bool:
        return (self.late.percentile_ms(99) or 0.0) > LATE_MS

    def failed(self, kind: str) -> None:
        self.second.fail(kind)

    def sending(self, nonce: str) -> None:
        self._sent_at[nonce] = time.monotonic()

    def answered(self, kind: str, answer: dict[str, Any], began: float) -> None:
        """Note the last answer to a command that `began` (monotonic) some time ago."""
        if answer["type"] == "problem":
            self.refused[answer["code"]] += 1
            self.failed(kind)
            return
        self.second.latency(kind).add(time.monotonic() - began)
        if message := answer.get("message"):
            self.saved[message["id"]] = message["room"], message["nonce"]
            self.quotable[message["room"]] = message["id"]
            self._raise_last(message["room"], message["rev"])

    def watching(self, client: Client) -> Callable[[Entry], None]:
        """Return what judges a client's history while it happens."""
        order = OrderChecker(client.name)

        def watch(entry: Entry) -> None:
            for fault in order.take(entry):
                self._fault(fault)
            match entry:
                case EventReceived():
                    self._heard(entry, client)
                case Connected(replica=replica):
                    self.second.sockets[replica] = self.second.sockets.get(replica, 0) + 1
                case SubscriptionEnded(reason=reason):
                    self.refused[reason] += 1
                    self.failed("removed")
                case Disconnected(code=code) if code not in (1000, 1006):
                    self.second.lost += 1

        return watch

    def judge_end(self, clients: list[Client]) -> None:
        """Note who did not hear all that was said in a room that they have open."""
        for client in clients:
            for room, subscription in client.protocol.subscriptions.items():
                heard, last = subscription.position or 0, self.last.get(room, 0)
                if heard < last:
                    detail = f"heard up to {heard} of {last}"
                    self.faults.append(Violation("heard-all", client.name, room, detail))

    def judge_log(self, log: Log) -> None:
        """Hold what was answered `ok` against the log of a place that is ours."""
        self.faults += check_log(log)
        for message, (room, nonce) in self.saved.items():
            logged = log.messages.get(message)
            if logged is None or (logged.room, logged.nonce) != (room, nonce):
                detail = f"message {message} was answered ok, and the log has {logged}"
                self.faults.append(Violation("acknowledged-is-logged", "player", room, detail))

    def _raise_last(self, room: int, seq: int) -> None:
        self.last[room] = max(seq, self.last.get(room, 0))

    def _heard(self, entry: EventReceived, client: Client) -> None:
        self.second.checked += 1
        self._raise_last(entry.room, entry.seq)
        message = entry.message
        if entry.type != "message.created" or message is None:
            return
        self.newest[entry.room] = max(message["number"], self.newest.get(entry.room, 0))
        sent_at = self._sent_at.get(message["nonce"])
        subscription = client.protocol.subscriptions.get(entry.room)
        if sent_at is None or message["sender"]["id"] == client.protocol.user:
            return
        if subscription is None or not subscription.live:  # missed while away
            self.second.caught_up += 1
        else:
            self.second.latency(DELIVER).add(entry.at - sent_at)

    def _fault(self, fault: Violation) -> None:
        kind = FAULT_OF_RULE.get(fault.rule, ORDER)
        self.second.violation(kind)
        self.faults.append(fault)
