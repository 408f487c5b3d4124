"""The clocks of the replicas: each may be told that it is later or earlier than it is.

By a library of a few lines (`clock.c`) that every replica is started with, and a file of each that
it looks into: so a clock jumps while the replica runs, and nothing else costs more than before.
Where no C can be compiled, and elsewhere than on Linux, clocks cannot be set.
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
    def __init__(self) -> None:
        self._folder = TemporaryDirectory(prefix="hubbub-clock-", ignore_cleanup_errors=True)

    def environment(self, replica: str) -> dict[str, str]:
        """Return what makes the processes of a replica follow its clock; names are anything."""
        built = library()
        if built is None:
            return {}
        self.set(replica, 0)
        return {"LD_PRELOAD": str(built), "CLOCK_FILE": str(self._file(replica))}

    def set(self, replica: str, seconds: int) -> None:
        """Have a replica's clock be so many seconds ahead (or behind) from now on."""
        file = self._file(replica)
        file.touch()
        with file.open("r+b", buffering=0) as mapped:
            mapped.write(seconds.to_bytes(8, "little", signed=True))

    def close(self) -> None:
        self._folder.cleanup()

    def _file(self, replica: str) -> Path:
        return Path(self._folder.name) / replica


def can_be_set() -> bool:
    """Whether this machine has what it takes."""
    return library() is not None


@cache
def library() -> Path | None:
    """Build the library, once for this process; None where that cannot be done."""
    if sys.platform != "linux" or shutil.which(COMPILER) is None:
        return None
    built = Path(_folder().name) / "clock.so"
    command = [COMPILER, "-O2", "-shared", "-fPIC", "-o", str(built), str(SOURCE), "-ldl"]
    done = subprocess.run(command, capture_output=True)
    return built if done.returncode == 0 else None


@cache
def _folder() -> "TemporaryDirectory[str]":
    return TemporaryDirectory(prefix="hubbub-clock-")
