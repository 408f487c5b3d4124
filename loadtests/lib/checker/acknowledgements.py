"""Rules of acknowledgements: `ok` means saved, once, and shown to every member. Pure."""

from collections import Counter
from collections.abc import Iterator, Sequence

from loadtests.lib.checker.log import Log
from loadtests.lib.checker.violation import Violation
from loadtests.lib.client.history import CommandAnswered, Frame, History


def check(history: History, log: Log) -> list[Violation]:
    """A message that was answered with `ok` is in the log, just as the answer says."""
    return [
        violation for frame in _saved(history) for violation in _logged(history.name, frame, log)
    ]


def check_nonces(histories: Sequence[History]) -> list[Violation]:
    """One nonce of one user identifies one message, on every replica and in every room."""
    named: dict[tuple[int, str], int] = {}
    violations = []
    for history in histories:
        for frame in _saved(history):
            key = frame["sender"]["id"], frame["nonce"]
            if named.setdefault(key, frame["id"]) != frame["id"]:
                detail = f"nonce {key[1]!r} was answered with {named[key]} and {frame['id']}"
                violations.append(Violation("nonce-once", history.name, frame["room"], detail))
    return violations


def check_shown(histories: Sequence[History], stayed: Sequence[History]) -> list[Violation]:
    """A message that was acknowledged to any client is in every view of the room exactly once."""
    saved = {frame["id"]: frame for history in histories for frame in _saved(history)}
    return [
        violation
        for history in stayed
        for room in history.views
        for violation in _shown(
            history, room, [one for one in saved.values() if one["room"] == room]
        )
    ]


def _shown(history: History, room: int, saved: Sequence[Frame]) -> Iterator[Violation]:
    shown = Counter(message["id"] for message in history.views[room])
    since = history.since.get(room, 0)
    for frame in saved:
        times = shown[frame["id"]]
        if times != 1 and frame["seq"] > since:
            detail = f"message {frame['id']} (seq {frame['seq']}) got an ok and is shown {times}×"
            yield Violation("ok-shown-once", history.name, room, detail)


def _logged(client: str, frame: Frame, log: Log) -> Iterator[Violation]:
    message = log.messages.get(frame["id"])
    answered = (frame["room"], frame["seq"], frame["number"], frame["sender"]["id"], frame["nonce"])
    if message is None:
        yield Violation(
            "ok-logged", client, frame["room"], f"message {frame['id']} is not in the log"
        )
        return
    logged = (message.room, message.seq, message.number, message.sender, message.nonce)
    if logged != answered:
        detail = f"the answer says {answered}, the log has {logged}"
        yield Violation("ok-logged", client, frame["room"], detail)


def _saved(history: History) -> Iterator[Frame]:
    """Yield the messages in all answers to this client's sends and edits."""
    for entry in history.entries:
        if isinstance(entry, CommandAnswered) and entry.code is None and entry.message is not None:
            yield entry.message
