"""The clocks of the replicas, each of which can be set forward or back.

Every replica is started with a small library (`clock.c`) and a file that the library reads. So a
clock can jump while the replica runs, at no cost in speed. Clocks can be set only on Linux, and
only where C can be compiled.
"""

import shutil
import subprocess
import sys
from functools import cache
from pathlib import Path
from tempfile import TemporaryDirectory

SOURCE = Path(__file__).with_name("clock.c")
COMPILER = "cc"


class Clocks:
    def __init__(self) -> None:
        self._folder = TemporaryDirectory(prefix="hubbub-clock-", ignore_cleanup_errors=True)

    def environment(self, replica: str) -> dict[str, str]:
        """Return variables that make processes follow a replica's clock; `replica` is any name."""
        built = library()
        if built is None:
            return {}
        self.set(replica, 0)
        return {"LD_PRELOAD": str(built), "CLOCK_FILE": str(self._file(replica))}

    def set(self, replica: str, seconds: int) -> None:
        """Set a replica's clock ahead of the real time, or back if `seconds` is negative."""
        file = self._file(replica)
        file.touch()
        with file.open("r+b", buffering=0) as mapped:
            mapped.write(seconds.to_bytes(8, "little", signed=True))

    def close(self) -> None:
        self._folder.cleanup()

    def _file(self, replica: str) -> Path:
        return Path(self._folder.name) / replica


def available() -> bool:
    """Whether clocks can be set on this machine."""
    return library() is not None


@cache
def library() -> Path | None:
    """Build the library, once for this process; None if that is impossible."""
    if sys.platform != "linux" or shutil.which(COMPILER) is None:
        return None
    built = Path(_folder().name) / "clock.so"
    command = [COMPILER, "-O2", "-shared", "-fPIC", "-o", str(built), str(SOURCE), "-ldl"]
    done = subprocess.run(command, capture_output=True)
    return built if done.returncode == 0 else None


@cache
def _folder() -> "TemporaryDirectory[str]":
    return TemporaryDirectory(prefix="hubbub-clock-")
