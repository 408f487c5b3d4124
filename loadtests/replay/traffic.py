"""Recorded traffic, ready for replay: all replicas' files joined, with small numbers as ids. Pure.

Users and rooms are numbered from 0 in order of appearance, so that no name from the recording is
left. A user who did something in a room counts as a member of it.
"""

import json
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

VERSION = 1
# For each kind of action: the values in a line after its time, kind and connection. Further values
# are ignored, such as how many events a subscription had missed.
FIELDS = {
    "connect": ("user", "rooms"),
    "disconnect": ("code",),
    "subscribe": ("room",),
    "unsubscribe": ("room",),
    "read": ("room",),
    "typing": ("room",),
    "send": ("room", "chars", "is_reply"),
    "edit": ("chars",),
    "delete": (),
}


class UnreadableError(Exception):
    """The files are not a recording. The text says why."""


@dataclass(frozen=True, slots=True)
class RecordedAction:
    """What one connection did, `at` seconds after the recording started."""

    at: float
    kind: str
    connection: int
    user: int
    room: int | None = None
    chars: int = 0
    is_reply: bool = False
    code: int | None = None


@dataclass(slots=True)
class Traffic:
    name: str = ""
    actions: list[RecordedAction] = field(default_factory=list)
    # The number of each user, by the name in the recording.
    users: dict[str, int] = field(default_factory=dict)
    rooms: dict[str, int] = field(default_factory=dict)
    members: dict[int, set[int]] = field(default_factory=dict)  # the members of each room

    @property
    def seconds(self) -> float:
        return self.actions[-1].at if self.actions else 0.0

    def count(self, kind: str) -> int:
        return sum(action.kind == kind for action in self.actions)

    def user(self, name: str) -> int:
        return self.users.setdefault(name, len(self.users))

    def room(self, name: str, user: int) -> int:
        """Return the number of a room. Note that the user is a member of it."""
        room = self.rooms.setdefault(name, len(self.rooms))
        self.members.setdefault(room, set()).add(user)
        return room


def read(paths: Sequence[Path]) -> Traffic:
    """Return the traffic in all files of one recording. Raises UnreadableError."""
    heads, lines = zip(*(_read_file(path) for path in paths), strict=True)
    names = {head["recording"] for head in heads}
    if len(names) > 1:
        raise UnreadableError(f"These are of several recordings: {', '.join(sorted(names))}.")
    traffic = Traffic(names.pop())
    # For each file and each connection's number in it: the connection's number in the traffic, and
    # its user.
    connections: dict[tuple[int, int], tuple[int, int]] = {}
    every = [
        (head["began_ms"] + line[0], file, line)
        for file, (head, own) in enumerate(zip(heads, lines, strict=True))
        for line in own
    ]
    every.sort(key=lambda each: each[0])
    # Times count from the first action, because nothing happened before it.
    started_ms = every[0][0] if every else 0
    for at_ms, file, (_, kind, number, *values) in every:
        if kind == "connect":
            connections[file, number] = len(connections) + 1, traffic.user(values[0])
        # Otherwise the connection was open before the recording started.
        if (file, number) in connections:
            at = (at_ms - started_ms) / 1_000
            traffic.actions.append(_action(traffic, at, kind, *connections[file, number], values))
    if not traffic.actions:
        raise UnreadableError("Nothing was recorded: the files have no connection.")
    return traffic


def lines_of(traffic: Traffic) -> Iterator[str]:
    """Return the traffic as the lines of one file, without the names in the recording."""
    head = {"hubbub": "recording", "version": VERSION, "recording": traffic.name, "began_ms": 0}
    yield json.dumps(head)
    known: set[int] = set()
    for action in traffic.actions:
        names = {"user": f"user {action.user}", "room": f"room {action.room}", "rooms": []}
        if action.user not in known:
            names["rooms"] = _rooms_of(traffic, action.user)
            known.add(action.user)
        values = [
            names[field] if field in names else getattr(action, field)
            for field in FIELDS[action.kind]
        ]
        yield json.dumps([round(action.at * 1_000), action.kind, action.connection, *values])


def _rooms_of(traffic: Traffic, user: int) -> list[str]:
    return [f"room {room}" for room, members in traffic.members.items() if user in members]


def _action(
    traffic: Traffic, at: float, kind: str, connection: int, user: int, values: list[Any]
) -> RecordedAction:
    fields = FIELDS.get(kind)
    if fields is None or len(values) < len(fields):
        raise UnreadableError(f"This recording has an unknown action: {kind} {values}.")
    facts = dict(zip(fields, values, strict=False))
    facts.pop("user", None)
    for room in facts.pop("rooms", ()):
        traffic.room(room, user)
    if "room" in facts:
        facts["room"] = traffic.room(facts["room"], user)
    return RecordedAction(at, kind, connection, user, **facts)


def _read_file(path: Path) -> tuple[dict[str, Any], list[list[Any]]]:
    try:
        head, *lines = _complete_lines(path.read_text())
        known = head.get("hubbub") == "recording" and head["version"] == VERSION
    except (OSError, ValueError, KeyError, AttributeError) as error:
        raise UnreadableError(f"{path} is no readable recording: {error}.") from None
    if not known:
        raise UnreadableError(f"{path} is no recording of version {VERSION}.")
    return head, lines


def _complete_lines(text: str) -> Iterable[Any]:
    # If a replica was killed, it is possible that it wrote only half of the last line.
    return [json.loads(line) for line in text[: text.rfind("\n") + 1].splitlines()]
