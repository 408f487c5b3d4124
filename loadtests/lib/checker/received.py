"""Rules of what a client received, compared with the log: events, answers and loads. Pure."""

from collections.abc import Iterator

from loadtests.lib.checker.log import Log
from loadtests.lib.checker.violation import Violation
from loadtests.lib.client import history as entries
from loadtests.lib.client.history import Entry, Frame, History


def check(history: History, log: Log) -> list[Violation]:
    return [
        Violation(rule, history.name, room, detail)
        for entry in history.entries
        for rule, room, detail in _faults(entry, log)
    ]


def _faults(entry: Entry, log: Log) -> Iterator[tuple[str, int, str]]:
    match entry:
        case entries.EventReceived(room=room, seq=seq, type=type):
            logged = log.type_at(room, seq)
            if logged != type:
                yield "event-logged", room, f"received {type} at {seq}; the log has {logged}"
        case entries.CommandAnswered(code=None, message=dict() as answered):
            if fault := _answer_fault(answered, log):
                yield "ok-logged", answered["room"], fault
        case entries.RoomLoaded(room=room, seq=seq, messages=tuple() as messages):
            for missing in _missing(messages, room, seq, log):
                yield "load-complete", room, f"{missing} is missing in the load"


def _answer_fault(answered: Frame, log: Log) -> str | None:
    """Check that a message that was answered with `ok` is in the log, just as the answer says."""
    message = log.messages.get(answered["id"])
    if message is None:
        return f"message {answered['id']} is not in the log"
    logged = (message.room, message.seq, message.number, message.sender, message.nonce)
    sender, nonce = answered["sender"]["id"], answered["nonce"]
    said = (answered["room"], answered["seq"], answered["number"], sender, nonce)
    return None if logged == said else f"the answer says {said}, the log has {logged}"


def _missing(messages: tuple[Frame, ...], room: int, seq: int, log: Log) -> Iterator[str]:
    """Check that a load over REST is complete, from its first message to the seq that it names."""
    loaded = {message["id"] for message in messages}
    first = min((message["seq"] for message in messages), default=1)
    for one in log.messages_of(room, first - 1):
        if one.seq <= seq and one.id not in loaded:
            yield f"message {one.id} (seq {one.seq})"
