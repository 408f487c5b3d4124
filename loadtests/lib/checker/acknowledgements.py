"""Rules of what was answered: `ok` means saved, once, and shown to every member. Pure."""

from collections import Counter
from collections.abc import Iterator, Sequence

from loadtests.lib.checker.log import Log
from loadtests.lib.checker.violation import Violation
from loadtests.lib.client.history import CommandAnswered, Frame, History


def check(history: History, log: Log) -> list[Violation]:
    """What was answered `ok` is in the log as the answer said."""
    return [fault for frame in _saved(history) for fault in _logged(history.name, frame, log)]


def check_nonces(histories: Sequence[History]) -> list[Violation]:
    """One nonce of one person names one message, on every replica and in every room."""
    named: dict[tuple[int, str], int] = {}
    faults = []
    for history in histories:
        for frame in _saved(history):
            key = frame["sender"]["id"], frame["nonce"]
            if named.setdefault(key, frame["id"]) != frame["id"]:
                detail = f"nonce {key[1]!r} was answered with {named[key]} and {frame['id']}"
                faults.append(Violation("nonce-once", history.name, frame["room"], detail))
    return faults


def check_shown(histories: Sequence[History], stayed: Sequence[History]) -> list[Violation]:
    """What any client was told is saved stands in every view of the room, exactly once."""
    saved = {frame["id"]: frame for history in histories for frame in _saved(history)}
    return [
        fault
        for history in stayed
        for room in history.views
        for fault in _shown(history, room, [one for one in saved.values() if one["room"] == room])
    ]


def _shown(history: History, room: int, saved: Sequence[Frame]) -> Iterator[Violation]:
    shown = Counter(message["id"] for message in history.views[room])
    since = history.since.get(room, 0)
    for frame in saved:
        times = shown[frame["id"]]
        if times != 1 and frame["seq"] > since:
            detail = f"message {frame['id']} (seq {frame['seq']}) was answered ok, shown {times}×"
            yield Violation("ok-shown-once", history.name, room, detail)


def _logged(who: str, frame: Frame, log: Log) -> Iterator[Violation]:
    message = log.messages.get(frame["id"])
    told = (frame["room"], frame["seq"], frame["number"], frame["sender"]["id"], frame["nonce"])
    if message is None:
        yield Violation("ok-logged", who, frame["room"], f"message {frame['id']} is not in the log")
        return
    kept = (message.room, message.seq, message.number, message.sender, message.nonce)
    if kept != told:
        yield Violation("ok-logged", who, frame["room"], f"told {told}, the log has {kept}")


def _saved(history: History) -> Iterator[Frame]:
    """Yield the messages of all answers to this client's sends and edits."""
    for entry in history.entries:
        if isinstance(entry, CommandAnswered) and entry.code is None and entry.message is not None:
            yield entry.message
