"""The live line of a soak: how far it is, and what it has come to."""

import asyncio
import time
from pathlib import Path

from loadtests.lib.console import is_terminal, log_above_status, update_status
from loadtests.lib.monitoring import time_series
from loadtests.lib.monitoring.time_series import Samples
from loadtests.soak.load import Load

EVERY_SECONDS = 2.0
QUIET_EVERY_SECONDS = 60.0  # where nobody looks at a terminal
TAIL_BYTES = 65_536


async def watch(load: Load, file: Path, seconds: float) -> None:
    """Show the line again and again until cancelled."""
    began, told = time.monotonic(), 0
    while True:
        await asyncio.sleep(
            EVERY_SECONDS if is_terminal() else min(QUIET_EVERY_SECONDS, seconds / 4)
        )
        for failure in load.failures[told:]:
            log_above_status(failure)
        told = len(load.failures)
        update_status(line(load, latest(file), time.monotonic() - began, seconds))


def latest(file: Path) -> Samples:
    """Return the newest samples of a file that is being written."""
    if not file.exists():
        return Samples()
    with file.open("rb") as lines:
        lines.seek(max(0, file.stat().st_size - TAIL_BYTES))
        _, *whole = lines.read().decode().splitlines(keepends=True)
    return time_series.parse(line for line in whole if line.endswith("\n"))


def line(load: Load, samples: Samples, at: float, seconds: float) -> str:
    parts = samples.rows[-1][1] if samples.rows else {}
    sockets = sum(int(facts.get("hubbub_connections", 0)) for facts in parts.values())
    memory = " ".join(
        f"{name} {facts['resident_bytes'] / 2**20:.1f} MiB"
        for name, facts in sorted(parts.items())
        if name.startswith(("realtime", "web")) and "resident_bytes" in facts
    )
    return (
        f"{_clock(at)} of {_clock(seconds)} · {sockets} sockets · {load.sent / at:.1f} messages/s"
        f" · {memory} · {load.wrong} wrong"
    )


def _clock(seconds: float) -> str:
    return f"{int(seconds) // 60:02}:{int(seconds) % 60:02}"
