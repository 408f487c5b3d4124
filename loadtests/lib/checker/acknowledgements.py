"""Rules of acknowledgements: after `ok`, a message is saved once and every member sees it. Pure."""

from collections import Counter
from collections.abc import Iterator, Sequence

from loadtests.lib.checker.violation import Violation
from loadtests.lib.client.history import CommandAnswered, Frame, History


def check_nonces(histories: Sequence[History]) -> Iterator[Violation]:
    """Check that a nonce of a user identifies one message, on every replica and in every room."""
    named: dict[tuple[int, str], int] = {}
    for history in histories:
        for frame in _saved(history):
            key = frame["sender"]["id"], frame["nonce"]
            if named.setdefault(key, frame["id"]) != frame["id"]:
                detail = f"nonce {key[1]!r} was answered with {named[key]} and {frame['id']}"
                yield Violation("nonce-once", history.name, frame["room"], detail)


def check_shown(histories: Sequence[History], stayed: Sequence[History]) -> Iterator[Violation]:
    """Check that every view of a room shows each acknowledged message exactly once.

    It does not matter to which client the message was acknowledged.
    """
    saved = {frame["id"]: frame for history in histories for frame in _saved(history)}
    for history in stayed:
        for room, view in history.views.items():
            shown = Counter(message["id"] for message in view)
            since = history.since.get(room, 0)
            for id, frame in saved.items():
                if frame["room"] == room and frame["seq"] > since and shown[id] != 1:
                    detail = (
                        f"message {id} (seq {frame['seq']}) got an ok and is shown {shown[id]}×"
                    )
                    yield Violation("ok-shown-once", history.name, room, detail)


def _saved(history: History) -> Iterator[Frame]:
    """Yield the messages in all answers to the sends and edits of this client."""
    for entry in history.entries:
        if isinstance(entry, CommandAnswered) and entry.code is None and entry.message is not None:
            yield entry.message
