"""Rules of the log itself: seqs and numbers without gaps, one message per nonce. Pure."""

from collections import Counter

from loadtests.lib.checker.log import Log
from loadtests.lib.checker.violation import Violation


def check(log: Log) -> list[Violation]:
    violations: list[Violation] = []
    for room in log.rooms:
        violations += _seqs(log, room)
        violations += _numbers(log, room)
        violations += _creations(log, room)
    return violations + _nonces(log) + _deleted(log)


def _seqs(log: Log, room: int) -> list[Violation]:
    seqs = [event.seq for event in log.rooms[room]]
    if seqs == list(range(1, len(seqs) + 1)):
        return []
    missing = sorted(set(range(1, max(seqs) + 1)) - set(seqs))
    return [
        Violation("log-contiguous", "log", room, f"seqs missing {missing[:10]}, or out of order")
    ]


def _numbers(log: Log, room: int) -> list[Violation]:
    numbers = [message.number for message in log.messages_of(room)]
    if numbers == list(range(1, len(numbers) + 1)):
        return []
    return [Violation("numbers-contiguous", "log", room, f"numbers by seq are {numbers[:50]}")]


def _creations(log: Log, room: int) -> list[Violation]:
    """Every message has exactly one event that created it, at the message's seq."""
    created = [
        (event.seq, event.message)
        for event in log.rooms[room]
        if event.type == "message.created" and event.message is not None
    ]
    named = [(message.seq, message.id) for message in log.messages_of(room)]
    if created == named:
        return []
    wrong = sorted(set(created) ^ set(named))
    return [Violation("message-has-event", "log", room, f"(seq, message) {wrong[:10]}")]


def _nonces(log: Log) -> list[Violation]:
    used = Counter((message.sender, message.nonce) for message in log.messages.values())
    return [
        Violation("nonce-once", "log", None, f"nonce {nonce!r} of user {sender}: {times} messages")
        for (sender, nonce), times in used.items()
        if times > 1
    ]


def _deleted(log: Log) -> list[Violation]:
    return [
        Violation("deleted-is-gone", "log", one.room, f"message {one.id} still has its text")
        for one in log.messages.values()
        if one.deleted and (one.body or one.html)
    ]
