"""The clocks of the replicas: each may be told that it is later or earlier than it is.

By libfaketime, which every replica is started with: it reads a file, so that a clock jumps while
the replica runs. What it measures spans of time with stays right, as on a machine whose clock is
set. Where libfaketime is not installed, clocks cannot be set.
"""

from pathlib import Path
from tempfile import TemporaryDirectory

LIBRARIES = ("/usr/lib/*/faketime/libfaketimeMT.so.1", "/usr/lib64/faketime/libfaketimeMT.so.1")
READ_AGAIN_SECONDS = "1"


class Clock:
    def __init__(self) -> None:
        self._folder = TemporaryDirectory(prefix="hubbub-clock-", ignore_cleanup_errors=True)
        self._library = find_library()

    def environment(self, replica: str) -> dict[str, str]:
        """Return what makes the processes of a replica follow its clock; names are anything."""
        if self._library is None:
            return {}
        self.set(replica, 0)
        return {
            "LD_PRELOAD": str(self._library),
            "FAKETIME_TIMESTAMP_FILE": str(self._file(replica)),
            "FAKETIME_CACHE_DURATION": READ_AGAIN_SECONDS,
            "FAKETIME_DONT_FAKE_MONOTONIC": "1",
        }

    def set(self, replica: str, seconds: int) -> None:
        """Have a replica's clock be so many seconds ahead (or behind) from about now on."""
        made = self._file(f"{replica}.new")
        made.write_text(f"{seconds:+d}\n")
        made.replace(self._file(replica))

    def close(self) -> None:
        self._folder.cleanup()

    def _file(self, replica: str) -> Path:
        return Path(self._folder.name) / replica


def can_be_set() -> bool:
    """Whether this machine has what it takes."""
    return find_library() is not None


def find_library() -> Path | None:
    found = (path for pattern in LIBRARIES for path in Path("/").glob(pattern[1:]))
    return next(found, None)
