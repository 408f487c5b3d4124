"""Writes a run to a folder as JSON lines, and reads it again.

`run.json` contains the faults, `log.jsonl` the log, and `histories.jsonl` the histories. A frame
that many clients received is written once, as an object, and referred to by its number. The files
contain message texts: only the folder's owner can read them.
"""

import json
from collections.abc import Iterator
from dataclasses import asdict, astuple, fields
from pathlib import Path
from typing import Any, get_args

from loadtests.lib.checker.fault_windows import FaultWindow, Promises
from loadtests.lib.checker.log import Log, LoggedEvent, LoggedMessage
from loadtests.lib.checker.recorded_run import RecordedRun
from loadtests.lib.client.history import Entry, Frame, History

RUN, LOG, HISTORIES = "run.json", "log.jsonl", "histories.jsonl"
LAST_LINE = '"end"\n'  # shows that a file is complete
ENTRIES = {kind.__name__: kind for kind in get_args(Entry)}


class RunFileError(Exception):
    """A folder contains no readable run. The text says why."""


def write_run(run: RecordedRun, folder: Path) -> None:
    """Write a run into a folder.

    The folder is created if it does not exist. Files of an earlier run are replaced.
    """
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    facts = {
        "left_early": sorted(run.left_early),
        "listeners": sorted(run.listeners),
        "windows": [asdict(window) for window in run.windows],
        "promises": asdict(run.promises),
    }
    (folder / RUN).write_text(json.dumps(facts, indent=1))
    _write_lines(folder / LOG, _log_lines(run.log))
    _write_lines(folder / HISTORIES, _HistoryLines().of(run))


def read_run(folder: Path) -> RecordedRun:
    """Return what `write_run` wrote. Raises RunFileError."""
    try:
        facts = json.loads((folder / RUN).read_text())
        return RecordedRun(
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


def _write_lines(path: Path, lines: Iterator[Any]) -> None:
    with path.open("w") as file:
        for line in lines:
            file.write(json.dumps(line, separators=(",", ":")) + "\n")
        file.write(LAST_LINE)


def _read_lines(path: Path) -> Iterator[str]:
    """Yield the lines that `_write_lines` wrote. Raises ValueError if the last ones are missing."""
    with path.open() as file:
        for line in file:
            if line == LAST_LINE:
                return
            yield line
    raise ValueError(f"{path.name} is not complete")


def _log_lines(log: Log) -> Iterator[list[Any]]:
    for room, events in log.rooms.items():
        for event in events:
            yield ["event", room, *astuple(event)]
    for message in log.messages.values():
        yield ["message", *astuple(message)]


def _read_log(path: Path) -> Log:
    log = Log()
    for kind, *columns in map(json.loads, _read_lines(path)):
        if kind == "event":
            log.rooms[columns[0]].append(LoggedEvent(*columns[1:]))
        else:
            log.messages[columns[0]] = LoggedMessage(*columns)
    return log


class _HistoryLines:
    """Turns histories into lines.

    A frame gets a line of its own, before the first line that refers to it. Frames are told apart
    by identity: clients that received the same frame share one object.
    """

    def __init__(self) -> None:
        self._numbers: dict[int, int] = {}
        self._new_frames: list[Frame] = []

    def of(self, run: RecordedRun) -> Iterator[Any]:
        for line in self._lines(run):
            yield from self._new_frames
            self._new_frames.clear()
            yield line

    def _lines(self, run: RecordedRun) -> Iterator[list[Any]]:
        for history in run.histories:
            yield ["history", history.name, history.ended, list(history.since.items())]
            for room, shown in history.views.items():
                yield ["view", room, self._referring(shown)]
            for entry in history.entries:
                values = (getattr(entry, one.name) for one in fields(entry))
                yield [type(entry).__name__, *map(self._referring, values)]

    def _referring(self, value: Any) -> Any:
        """Return a copy of the value in which every frame is replaced by a reference."""
        if isinstance(value, list | tuple):
            return [self._referring(one) for one in value]
        if not isinstance(value, dict):
            return value
        if id(value) not in self._numbers:
            self._numbers[id(value)] = len(self._numbers)
            self._new_frames.append(value)
        return {"frame": self._numbers[id(value)]}


def _read_histories(path: Path) -> list[History]:
    histories: list[History] = []
    frames: list[Frame] = []
    for line in _read_lines(path):
        if line.startswith("{"):
            frames.append(json.loads(line))
            continue
        kind, *values = json.loads(line, object_hook=lambda found: frames[found["frame"]])
        if kind == "history":
            name, ended, since = values
            histories.append(History(name, since=dict(since), ended=ended))
        elif kind == "view":
            room, shown = values
            histories[-1].views[room] = shown
        else:
            columns = (tuple(one) if isinstance(one, list) else one for one in values)
            histories[-1].entries.append(ENTRIES[kind](*columns))
    return histories
