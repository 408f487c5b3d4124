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

    @property
    def can_be_set(self) -> bool:
        return self._library is not None

    def environment(self, host: str) -> dict[str, str]:
        """Return what makes the processes of a host follow its clock."""
        if self._library is None:
            return {}
        self.set(host, 0)
        return {
            "LD_PRELOAD": str(self._library),
            "FAKETIME_TIMESTAMP_FILE": str(self._file(host)),
            "FAKETIME_CACHE_DURATION": READ_AGAIN_SECONDS,
            "FAKETIME_DONT_FAKE_MONOTONIC": "1",
        }

    def set(self, host: str, seconds: int) -> None:
        """Have a host's clock be so many seconds ahead (or behind) from about now on."""
        made = self._file(f"{host}.new")
        made.write_text(f"{seconds:+d}\n")
        made.replace(self._file(host))

    def close(self) -> None:
        self._folder.cleanup()

    def _file(self, host: str) -> Path:
        return Path(self._folder.name) / host


def find_library() -> Path | None:
    found = (path for pattern in LIBRARIES for path in Path("/").glob(pattern[1:]))
    return next(found, None)
