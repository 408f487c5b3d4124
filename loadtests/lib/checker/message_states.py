"""Rules of messages as they were told: never older than what anybody had of them before. Pure.

A replay, a load over REST and the answer to a command tell a message as it is; so what somebody
asks for after a change was known to anybody must have that change. That is how it is proved that
no old text comes out: an event that was on its way when the text was changed is no fault.
"""

from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from loadtests.lib.checker.log import Log
from loadtests.lib.checker.violation import Violation
from loadtests.lib.client.history import (
    CommandAnswered,
    CommandSent,
    EventReceived,
    Frame,
    History,
    RoomLoaded,
    Subscribed,
    SubscribeSent,
)

# message: of each of its states the rev, and when it was first known to be reached
Reached = dict[int, dict[int, float]]


@dataclass(frozen=True, slots=True)
class State:
    """A message as somebody was told it. `asked_at` is None where nobody asked: a live event."""

    who: str
    how: str
    at: float
    requested_at: float | None
    message: Frame
    seq: int  # at least so new it must be: of the event that carried it


def check(histories: Sequence[History], log: Log) -> list[Violation]:
    reached = _reached(histories, log)
    return [
        fault
        for history in histories
        for state in _states(history)
        for fault in _judge(state, reached.get(state.message["id"], {}), log)
    ]


def check_loads(history: History, log: Log) -> list[Violation]:
    """What is loaded over REST is complete, from where it begins to the seq that it names."""
    faults = []
    for entry in history.entries:
        if isinstance(entry, RoomLoaded) and entry.messages is not None:
            loaded = {message["id"] for message in entry.messages}
            first = min((message["seq"] for message in entry.messages), default=1)
            for one in log.messages_of(entry.room, first - 1):
                if one.seq <= entry.seq and one.id not in loaded:
                    detail = f"message {one.id} (seq {one.seq}) is not in what was loaded"
                    faults.append(Violation("load-complete", history.name, entry.room, detail))
    return faults


def _judge(state: State, reached: dict[int, float], log: Log) -> Iterator[Violation]:
    message = state.message
    rev, room = message["rev"], message["room"]
    name = f"message {message['id']} (seq {message['seq']}) as of {rev} in {state.how}"
    if rev < state.seq:
        yield Violation("event-current", state.who, room, f"{name}, which is event {state.seq}")
    for known, at in reached.items():
        if known > rev and state.requested_at is not None and at < state.requested_at:
            ago = state.requested_at - at
            detail = f"{name}, asked for {ago:.3f} s after somebody knew of {known}"
            yield Violation("old-text", state.who, room, detail)
    logged = log.messages.get(message["id"])
    if logged is not None and rev == logged.rev:
        if logged.deleted and (message["body"] or message["html"]):
            yield Violation("deleted-is-gone", state.who, room, f"{name} still has its text")
        elif message["body"] != logged.body:
            yield Violation("text-logged", state.who, room, f"{name} has another text than the log")


def _reached(histories: Sequence[History], log: Log) -> Reached:
    reached: Reached = defaultdict(dict)
    for history in histories:
        for state in _states(history):
            _note(reached, state.message["id"], state.message["rev"], state.at)
        for entry in history.entries:
            match entry:
                case CommandAnswered(command={"type": "message.delete", "message": id}, code=None):
                    if id in log.messages and log.messages[id].deleted:
                        _note(reached, id, log.messages[id].rev, entry.at)
    return reached


def _note(reached: Reached, message: int, rev: int, at: float) -> None:
    known = reached[message]
    known[rev] = min(at, known.get(rev, at))


def _states(history: History) -> Iterator[State]:
    asked: dict[int, float] = {}  # room: when the replay that is under way was asked for
    subscribed: dict[int, float] = {}
    sent: dict[int, float] = {}
    who = history.name
    for entry in history.entries:
        match entry:
            case SubscribeSent():
                asked[entry.room] = entry.at
            case Subscribed():
                asked.pop(entry.room, None)
                subscribed[entry.room] = entry.at
            case CommandSent():
                sent[entry.ref] = entry.at
            case EventReceived(message=dict() as message):
                requested_at = asked.get(entry.room)
                how = "a live event" if requested_at is None else "a replay"
                yield State(who, how, entry.at, requested_at, message, entry.seq)
            case RoomLoaded(messages=tuple() as messages):
                for message in messages:
                    yield State(who, "a load", entry.at, subscribed.get(entry.room), message, 0)
            case CommandAnswered(message=dict() as message):
                yield State(who, "an answer", entry.at, sent.get(entry.ref), message, 0)
