"""Rules of the final views: each view shows the whole log from the view's start, once. Pure."""

from collections import Counter
from collections.abc import Iterator, Sequence

from loadtests.lib.checker.log import Log, LoggedMessage
from loadtests.lib.checker.violation import Violation
from loadtests.lib.client.history import Frame, History


def check(history: History, log: Log) -> list[Violation]:
    return [violation for room in history.views for violation in _view(history, room, log)]


def check_equal(histories: Sequence[History]) -> list[Violation]:
    """Check that all views of a room that start at the same seq show the same messages."""
    first: dict[tuple[int, int], tuple[str, list[tuple[int, int, str]]]] = {}
    violations = []
    for history in histories:
        for room, shown in history.views.items():
            mine = [(message["seq"], message["rev"], message["body"]) for message in shown]
            client, theirs = first.setdefault(
                (room, history.since.get(room, 0)), (history.name, mine)
            )
            if mine != theirs:
                differ = sorted(set(mine) ^ set(theirs))[:5]
                detail = f"differs from what {client} shows: (seq, rev, body) {differ}"
                violations.append(Violation("views-equal", history.name, room, detail))
    return violations


def _view(history: History, room: int, log: Log) -> Iterator[Violation]:
    shown = history.views[room]
    logged = {one.id: one for one in log.messages_of(room, history.since.get(room, 0))}
    seqs = [message["seq"] for message in shown]
    if seqs != sorted(seqs):
        yield Violation("view-in-order", history.name, room, f"seqs are {seqs[:50]}")
    for id, times in Counter(message["id"] for message in shown).items():
        if times > 1:
            yield Violation("view-once", history.name, room, f"message {id} is shown {times}×")
    for id in logged.keys() - {message["id"] for message in shown}:
        detail = f"message {id} (seq {logged[id].seq}) is not shown"
        yield Violation("view-complete", history.name, room, detail)
    for message in shown:
        yield from _message(history.name, message, logged.get(message["id"]))


def _message(client: str, shown: Frame, logged: LoggedMessage | None) -> Iterator[Violation]:
    room, name = shown["room"], f"message {shown['id']} (seq {shown['seq']})"
    if logged is None:
        yield Violation("view-logged", client, room, f"{name} is shown and not in the log")
    elif logged.deleted and (shown["body"] or shown["html"] or not shown["deleted_at"]):
        yield Violation("deleted-is-gone", client, room, f"{name} is deleted and still shown")
    elif (shown["seq"], shown["number"], shown["body"]) != (
        logged.seq,
        logged.number,
        logged.body,
    ):
        yield Violation("view-current", client, room, f"{name} is not shown as it is now")
