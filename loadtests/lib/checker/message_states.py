"""Rules for the states of messages: no answer is older than what anyone had already seen. Pure.

A replay, a load over REST and the answer to a command carry a message as it is now. So if a request
was sent after any client knew of a change, the answer must contain that change. This proves that
the server sends no old text. An event that was in flight when the text changed is not a violation.
"""

from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from loadtests.lib.checker.log import Log
from loadtests.lib.checker.violation import Violation
from loadtests.lib.client import history as entries
from loadtests.lib.client.history import Frame, History

# For each message and rev: when the first client knew of that state.
FirstKnown = dict[int, dict[int, float]]


@dataclass(frozen=True, slots=True)
class State:
    """A message as a client received it; `requested_at` is None for a live event."""

    client: str
    how: str
    at: float
    requested_at: float | None
    message: Frame
    seq: int  # the seq of the event that carried the message; its state must be at least as new


def check(histories: Sequence[History], log: Log) -> list[Violation]:
    first_known = _first_known(histories, log)
    return [
        violation
        for history in histories
        for state in _states(history)
        for violation in _judge(state, first_known.get(state.message["id"], {}), log)
    ]


def _judge(state: State, first_known: dict[int, float], log: Log) -> Iterator[Violation]:
    message = state.message
    rev, room = message["rev"], message["room"]
    name = f"message {message['id']} (seq {message['seq']}) as of {rev} in {state.how}"
    if rev < state.seq:
        yield Violation("event-current", state.client, room, f"{name}, which is event {state.seq}")
    for known, at in first_known.items():
        if known > rev and state.requested_at is not None and at < state.requested_at:
            ago = state.requested_at - at
            detail = f"{name}, asked for {ago:.3f} s after a client knew of {known}"
            yield Violation("old-text", state.client, room, detail)
    logged = log.messages.get(message["id"])
    if logged is not None and rev == logged.rev:
        if logged.deleted and (message["body"] or message["html"]):
            yield Violation("deleted-is-gone", state.client, room, f"{name} still has its text")
        elif message["body"] != logged.body:
            yield Violation(
                "text-logged", state.client, room, f"{name} has another text than the log"
            )


def _first_known(histories: Sequence[History], log: Log) -> FirstKnown:
    first_known: FirstKnown = defaultdict(dict)
    for history in histories:
        for state in _states(history):
            _note(first_known, state.message["id"], state.message["rev"], state.at)
        for entry in history.entries:
            match entry:
                case entries.CommandAnswered(
                    command={"type": "message.delete", "message": id}, code=None
                ):
                    if id in log.messages and log.messages[id].deleted:
                        _note(first_known, id, log.messages[id].rev, entry.at)
    return first_known


def _note(first_known: FirstKnown, message: int, rev: int, at: float) -> None:
    known = first_known[message]
    known[rev] = min(at, known.get(rev, at))


def _states(history: History) -> Iterator[State]:
    asked: dict[int, float] = {}  # for each room: when the current replay was requested
    subscribed: dict[int, float] = {}
    sent: dict[int, float] = {}
    client = history.name
    for entry in history.entries:
        match entry:
            case entries.SubscribeSent():
                asked[entry.room] = entry.at
            case entries.Subscribed():
                asked.pop(entry.room, None)
                subscribed[entry.room] = entry.at
            case entries.CommandSent():
                sent[entry.ref] = entry.at
            case entries.EventReceived(message=dict() as message):
                requested_at = asked.get(entry.room)
                how = "a live event" if requested_at is None else "a replay"
                yield State(client, how, entry.at, requested_at, message, entry.seq)
            case entries.RoomLoaded(messages=tuple() as messages):
                for message in messages:
                    yield State(client, "a load", entry.at, subscribed.get(entry.room), message, 0)
            case entries.CommandAnswered(message=dict() as message):
                yield State(client, "an answer", entry.at, sent.get(entry.ref), message, 0)
