"""Recorded traffic as it is played: the files of all replicas as one, with small numbers. Pure.

A recording's people and rooms are counted from nothing in the order in which they come, so nothing
of its names is left. Whoever did something in a room is taken for a member of it.
"""

import json
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

VERSION = 1


class UnreadableError(Exception):
    """The files are no recording; the text says why."""


@dataclass(frozen=True, slots=True)
class Act:
    """What one socket did: `at` seconds after the recording began."""

    at: float
    kind: str
    socket: int
    person: int
    room: int | None = None
    chars: int = 0
    is_reply: bool = False
    code: int | None = None


@dataclass(slots=True)
class Traffic:
    name: str = ""
    acts: list[Act] = field(default_factory=list)
    people: dict[str, int] = field(default_factory=dict)  # by their names in the recording
    rooms: dict[str, int] = field(default_factory=dict)
    members: dict[int, set[int]] = field(default_factory=dict)  # of each room

    @property
    def seconds(self) -> float:
        return self.acts[-1].at if self.acts else 0.0

    def count(self, kind: str) -> int:
        return sum(act.kind == kind for act in self.acts)

    def person(self, name: str) -> int:
        return self.people.setdefault(name, len(self.people))

    def room(self, name: str, person: int) -> int:
        room = self.rooms.setdefault(name, len(self.rooms))
        self.members.setdefault(room, set()).add(person)
        return room


def read(paths: Sequence[Path]) -> Traffic:
    """Return the traffic of all files of one recording. Raises UnreadableError."""
    heads, lines = zip(*(_read(path) for path in paths), strict=True)
    names = {head["recording"] for head in heads}
    if len(names) > 1:
        raise UnreadableError(f"These are of several recordings: {', '.join(sorted(names))}.")
    traffic = Traffic(names.pop())
    sockets: dict[tuple[int, int], tuple[int, int]] = {}  # file and number: number, person
    every = [
        (head["began_ms"] + line[0], file, line)
        for file, (head, own) in enumerate(zip(heads, lines, strict=True))
        for line in own
    ]
    every.sort(key=lambda each: each[0])
    began_ms = every[0][0] if every else 0  # somebody came: until then nothing happened
    for at_ms, file, (_, kind, number, *facts) in every:
        if kind == "connect":
            sockets[file, number] = len(sockets) + 1, traffic.person(facts[0])
        if (file, number) in sockets:  # else it was there before the recording
            at = (at_ms - began_ms) / 1_000
            traffic.acts.append(_act(traffic, at, kind, *sockets[file, number], facts))
    if not traffic.acts:
        raise UnreadableError("Nothing was recorded: the files have no socket.")
    return traffic


def lines_of(traffic: Traffic) -> Iterator[str]:
    """Return the lines of one file with the same traffic, and nothing of the recording's names."""
    head = {"hubbub": "recording", "version": VERSION, "recording": traffic.name, "began_ms": 0}
    yield json.dumps(head)
    told: set[int] = set()
    for act in traffic.acts:
        facts: list[Any] = [] if act.room is None else [f"room {act.room}"]
        match act.kind:
            case "connect":
                own = [] if act.person in told else _rooms_of(traffic, act.person)
                told.add(act.person)
                facts = [f"person {act.person}", own]
            case "send":
                facts += [act.chars, act.is_reply]
            case "edit":
                facts = [act.chars]
            case "disconnect":
                facts = [act.code]
        yield json.dumps([round(act.at * 1_000), act.kind, act.socket, *facts])


def _rooms_of(traffic: Traffic, person: int) -> list[str]:
    return [f"room {room}" for room, members in traffic.members.items() if person in members]


def _act(traffic: Traffic, at: float, kind: str, socket: int, person: int, facts: list[Any]) -> Act:
    match kind, facts:
        case "connect", [_, rooms]:
            for room in rooms:
                traffic.room(room, person)
            return Act(at, kind, socket, person)
        case "send", [room, chars, is_reply]:
            there = traffic.room(room, person)
            return Act(at, kind, socket, person, there, chars, is_reply)
        case "edit", [chars]:
            return Act(at, kind, socket, person, chars=chars)
        case "delete", []:
            return Act(at, kind, socket, person)
        case "disconnect", [code]:
            return Act(at, kind, socket, person, code=code)
        case (("subscribe" | "unsubscribe" | "read" | "typing"), [room, *_]):
            return Act(at, kind, socket, person, traffic.room(room, person))
    raise UnreadableError(f"This recording knows of something else: {kind} {facts}.")


def _read(path: Path) -> tuple[dict[str, Any], list[list[Any]]]:
    try:
        head, *lines = _whole_lines(path.read_text())
        known = head.get("hubbub") == "recording" and head["version"] == VERSION
    except (OSError, ValueError, KeyError, AttributeError) as error:
        raise UnreadableError(f"{path} is no recording that can be read: {error}.") from None
    if not known:
        raise UnreadableError(f"{path} is no recording of version {VERSION}.")
    return head, lines


def _whole_lines(text: str) -> Iterable[Any]:
    # A replica that was killed may have written half of the last one.
    return [json.loads(line) for line in text[: text.rfind("\n") + 1].splitlines()]
