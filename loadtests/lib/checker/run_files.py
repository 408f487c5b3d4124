"""Writes a run to a folder as JSON lines, and reads it again.

`run.json` has the faults, `log.jsonl` the log, `histories.jsonl` the histories. A message that many
clients received is written once, and referred to by its number. The files contain message texts:
only the folder's owner can read them.
"""

import json
from collections.abc import Iterator
from dataclasses import asdict, astuple, fields
from pathlib import Path
from typing import Any, TextIO, get_args

from loadtests.lib.checker.fault_windows import FaultWindow, Promises
from loadtests.lib.checker.log import Log, LoggedEvent, LoggedMessage
from loadtests.lib.checker.recorded_run import Run
from loadtests.lib.client.history import Entry, Frame, History

RUN, LOG, HISTORIES = "run.json", "log.jsonl", "histories.jsonl"
KINDS = {kind.__name__: kind for kind in get_args(Entry)}


class RunFileError(Exception):
    """A folder has no readable run; the text says why."""


def write_run(run: Run, folder: Path) -> None:
    """Write a run into a folder, which is created; files of an earlier run are replaced."""
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    facts = {
        "left_early": sorted(run.left_early),
        "listeners": sorted(run.listeners),
        "windows": [asdict(window) for window in run.windows],
        "promises": asdict(run.promises),
    }
    (folder / RUN).write_text(json.dumps(facts, indent=1))
    with (folder / LOG).open("w") as file:
        _write_lines(file, _log_lines(run.log))
    with (folder / HISTORIES).open("w") as file:
        _write_lines(file, _HistoryLines().of(run))


def read_run(folder: Path) -> Run:
    """Return what `write_run` wrote. Raises RecordError."""
    try:
        facts = json.loads((folder / RUN).read_text())
        return Run(
            histories=_read_histories(folder / HISTORIES),
            log=_read_log(folder / LOG),
            left_early=facts["left_early"],
            listeners=facts["listeners"],
            windows=[_window(one) for one in facts["windows"]],
            promises=Promises(**facts["promises"]),
        )
    except OSError as error:
        raise RunFileError(f"{folder} has no run: {error.strerror} ({error.filename}).") from None
    except (ValueError, KeyError, TypeError, IndexError, AttributeError) as error:
        raise RunFileError(f"{folder} has a run that cannot be read: {error!r}.") from None


def _window(facts: Frame) -> FaultWindow:
    promises = facts["promises"] and Promises(**facts["promises"])
    return FaultWindow(**(facts | {"promises": promises}))


def _write_lines(file: TextIO, lines: Iterator[list[Any]]) -> None:
    for line in lines:
        file.write(json.dumps(line, separators=(",", ":")) + "\n")


def _log_lines(log: Log) -> Iterator[list[Any]]:
    for room, events in log.rooms.items():
        for event in events:
            yield ["event", room, *astuple(event)]
    for message in log.messages.values():
        yield ["message", *astuple(message)]


def _read_log(path: Path) -> Log:
    log = Log()
    with path.open() as file:
        for kind, *columns in map(json.loads, file):
            if kind == "event":
                log.rooms[columns[0]].append(LoggedEvent(*columns[1:]))
            else:
                log.messages[columns[0]] = LoggedMessage(*columns)
    return log


class _HistoryLines:
    """Turns histories into lines; a message gets its number where it first appears."""

    def __init__(self) -> None:
        # By object identity: clients that received the same frame share one object.
        self._numbers: dict[int, int] = {}

    def of(self, run: Run) -> Iterator[list[Any]]:
        for history in run.histories:
            yield ["history", history.name, history.ended, list(history.since.items())]
            for room, shown in history.views.items():
                yield from self._new(shown)
                yield ["view", room, [self._numbers[id(one)] for one in shown]]
            for entry in history.entries:
                yield from self._entry(entry)

    def _entry(self, entry: Entry) -> Iterator[list[Any]]:
        line: list[Any] = [type(entry).__name__]
        for one in fields(entry):
            value = getattr(entry, one.name)
            if one.name == "message" and value is not None:
                yield from self._new([value])
                value = self._numbers[id(value)]
            elif one.name == "messages" and value is not None:
                yield from self._new(value)
                value = [self._numbers[id(one)] for one in value]
            line.append(value)
        yield line

    def _new(self, messages: Any) -> Iterator[list[Any]]:
        for message in messages:
            if id(message) not in self._numbers:
                self._numbers[id(message)] = len(self._numbers)
                yield ["message", message]


def _read_histories(path: Path) -> list[History]:
    histories: list[History] = []
    messages: list[Frame] = []
    with path.open() as file:
        for kind, *columns in map(json.loads, file):
            if kind == "message":
                messages.append(columns[0])
            elif kind == "history":
                name, ended, since = columns
                histories.append(History(name, since=dict(since), ended=ended))
            elif kind == "view":
                room, shown = columns
                histories[-1].views[room] = [messages[number] for number in shown]
            else:
                histories[-1].entries.append(_read_entry(kind, columns, messages))
    return histories


def _read_entry(kind: str, columns: list[Any], messages: list[Frame]) -> Entry:
    values = {}
    for one, value in zip(fields(KINDS[kind]), columns, strict=True):
        if one.name == "message" and value is not None:
            value = messages[value]
        elif one.name == "messages" and value is not None:
            value = tuple(messages[number] for number in value)
        values[one.name] = tuple(value) if isinstance(value, list) else value
    entry: Entry = KINDS[kind](**values)
    return entry
