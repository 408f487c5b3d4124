"""The live line of a soak: how far it has come, and what it has measured so far."""

import time
from pathlib import Path

from loadtests.lib.console import log_above_status
from loadtests.lib.monitoring import time_series
from loadtests.lib.monitoring.time_series import Samples
from loadtests.lib.reporting.numbers import MIB, clock
from loadtests.soak.load import Load

TAIL_BYTES = 65_536


class ProgressLine:
    """Calling it prints new failures, then returns the current line."""

    def __init__(self, load: Load, file: Path, seconds: float) -> None:
        self._load, self._file, self._seconds = load, file, seconds
        self._began = time.monotonic()
        self._printed = 0

    def __call__(self) -> str:
        for failure in self._load.failures[self._printed :]:
            log_above_status(failure)
        self._printed = len(self._load.failures)
        return line(self._load, latest(self._file), time.monotonic() - self._began, self._seconds)


def latest(file: Path) -> Samples:
    """Return the newest samples of a file that is still being written."""
    if not file.exists():
        return Samples()
    with file.open("rb") as lines:
        lines.seek(max(0, file.stat().st_size - TAIL_BYTES))
        _, *complete = lines.read().decode().splitlines(keepends=True)
    return time_series.parse(line for line in complete if line.endswith("\n"))


def line(load: Load, samples: Samples, at: float, seconds: float) -> str:
    parts = samples.rows[-1][1] if samples.rows else {}
    connections = sum(int(facts.get("hubbub_connections", 0)) for facts in parts.values())
    memory = " ".join(
        f"{name} {facts['resident_bytes'] / MIB:.1f} MiB"
        for name, facts in sorted(parts.items())
        if name.startswith(("realtime", "web")) and "resident_bytes" in facts
    )
    return (
        f"{clock(at)} of {clock(seconds)} · {connections} connections · "
        f"{load.sent / at:.1f} messages/s · {memory} · {load.errors} errors"
    )
