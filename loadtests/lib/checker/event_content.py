"""Rules of received events, compared with the log. Pure."""

from loadtests.lib.checker.log import Log
from loadtests.lib.checker.violation import Violation
from loadtests.lib.client.history import EventReceived, History


def check(history: History, log: Log) -> list[Violation]:
    """Every received event is in the log, with the same seq and type."""
    violations = []
    for entry in history.entries:
        if isinstance(entry, EventReceived) and (logged := _logged(entry, log)) != entry.type:
            detail = f"received {entry.type} at {entry.seq}; the log has {logged}"
            violations.append(Violation("event-logged", history.name, entry.room, detail))
    return violations


def _logged(entry: EventReceived, log: Log) -> str | None:
    events = log.rooms.get(entry.room, [])
    return events[entry.seq - 1].type if 0 < entry.seq <= len(events) else None
