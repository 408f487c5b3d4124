"""Rules of the log itself: its seqs and numbers have no gaps, and a nonce has one message. Pure."""

from collections import Counter
from collections.abc import Iterator, Sequence

from loadtests.lib.checker.log import Log, LoggedEvent, LoggedMessage
from loadtests.lib.checker.violation import Violation


def check(log: Log) -> list[Violation]:
    rooms = [
        Violation(rule, "log", room, detail)
        for room, events in log.rooms.items()
        for rule, detail in _room_faults(events, log.messages_of(room))
    ]
    return [*rooms, *_repeated_nonces(log), *_texts_of_deleted(log)]


def _room_faults(
    events: Sequence[LoggedEvent], messages: Sequence[LoggedMessage]
) -> Iterator[tuple[str, str]]:
    seqs = [event.seq for event in events]
    if not _count_up(seqs):
        missing = sorted(set(range(1, max(seqs) + 1)) - set(seqs))
        yield "log-contiguous", f"seqs missing {missing[:10]}, or out of order"
    numbers = [message.number for message in messages]
    if not _count_up(numbers):
        yield "numbers-contiguous", f"numbers by seq are {numbers[:50]}"
    # Every message has exactly one event that created it, at the message's seq.
    created = [
        (event.seq, event.message)
        for event in events
        if event.type == "message.created" and event.message is not None
    ]
    named = [(message.seq, message.id) for message in messages]
    if created != named:
        yield "message-has-event", f"(seq, message) {sorted(set(created) ^ set(named))[:10]}"


def _count_up(numbers: Sequence[int]) -> bool:
    return list(numbers) == list(range(1, len(numbers) + 1))


def _repeated_nonces(log: Log) -> Iterator[Violation]:
    used = Counter((message.sender, message.nonce) for message in log.messages.values())
    for (sender, nonce), times in used.items():
        if times > 1:
            detail = f"nonce {nonce!r} of user {sender}: {times} messages"
            yield Violation("nonce-once", "log", None, detail)


def _texts_of_deleted(log: Log) -> Iterator[Violation]:
    for one in log.messages.values():
        if one.deleted and (one.body or one.html):
            detail = f"message {one.id} still has its text"
            yield Violation("deleted-is-gone", "log", one.room, detail)
