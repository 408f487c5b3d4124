"""Clocks of replicas that can be set forward or back.

Every replica is started with a small library (`clock.c`) and a file that the library reads. So a
clock can be changed while the replica runs, and the replica is not slowed down. Clocks can be set
only on Linux, and only where C can be compiled.
"""

import shutil
import subprocess
import sys
from functools import cache
from pathlib import Path
from tempfile import TemporaryDirectory

SOURCE = Path(__file__).with_name("clock.c")
COMPILER = "cc"


class Clock:
    """A clock that can be set at any time. At first it shows the machine's time.

    Processes with the variables in `environment` follow this clock. Without a C compiler there are
    no such variables.
    """

    def __init__(self, file: Path) -> None:
        self._file = file
        file.touch()
        self.set(0)

    @property
    def environment(self) -> dict[str, str]:
        built = library()
        return {"LD_PRELOAD": str(built), "CLOCK_FILE": str(self._file)} if built else {}

    def set(self, seconds: int) -> None:
        """Set the clock ahead of the real time, or back if `seconds` is negative."""
        with self._file.open("r+b", buffering=0) as mapped:
            mapped.write(seconds.to_bytes(8, "little", signed=True))


def available() -> bool:
    """Return whether clocks can be set on this machine."""
    return library() is not None


@cache
def library() -> Path | None:
    """Build the library once for this process, and return its path; None if that is impossible."""
    if sys.platform != "linux" or shutil.which(COMPILER) is None:
        return None
    built = Path(_folder().name) / "clock.so"
    command = [COMPILER, "-O2", "-shared", "-fPIC", "-o", str(built), str(SOURCE), "-ldl"]
    done = subprocess.run(command, capture_output=True)
    return built if done.returncode == 0 else None


@cache
def _folder() -> "TemporaryDirectory[str]":
    return TemporaryDirectory(prefix="hubbub-clock-")
