"""Keeps the files of SQLite and the embedded default readable by their owner only.

`settings.py` creates them with these modes, so that no other user can read them even for a moment.
Every start tightens the files of an older installation, which others could read. No mode is ever
loosened.
"""

import logging
import os
import stat
from collections.abc import Iterable
from contextlib import suppress
from pathlib import Path

logger = logging.getLogger(__name__)

OTHERS = stat.S_IRWXG | stat.S_IRWXO
# Whoever may only pass through a directory sees no names. `make stack`, run as root, lets its
# PostgreSQL pass through data/.
PASSING = stat.S_IXGRP | stat.S_IXOTH
SQLITE_SUFFIXES = ("", "-wal", "-shm", "-journal")


def create_directory(path: Path) -> None:
    """Create a directory that only its owner may use. Raises OSError."""
    path.mkdir(mode=0o700, parents=True, exist_ok=True)


def create_database(path: Path) -> None:
    """Create an empty SQLite database, unless there is one or Django will report why it can't.

    SQLite gives its other files, such as the -wal file, the mode of the database.
    """
    with suppress(OSError):
        os.close(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600))


def sqlite_files(database: Path) -> list[Path]:
    """Return all files that may belong to a database, itself first: it passes on its mode."""
    return [database.with_name(f"{database.name}{suffix}") for suffix in SQLITE_SUFFIXES]


def tighten(directory: Path | None, files: Iterable[Path]) -> None:
    """Take all permissions of other users away, and log a warning for what had some."""
    found = [path for path in files if _tighten(path, OTHERS)]
    if directory is not None and _tighten(directory, OTHERS & ~PASSING):
        found.insert(0, directory)
    if found:
        names = ", ".join(map(str, found))
        logger.warning("Other users of this machine could read these; now they cannot: %s.", names)


def _tighten(path: Path, forbidden: int) -> bool:
    """Return whether others had one of the forbidden permissions, and have none any more."""
    try:
        status = path.stat()
        is_shared = stat.S_ISDIR(status.st_mode) and status.st_mode & stat.S_ISVTX  # such as /tmp
        if not status.st_mode & forbidden or is_shared or status.st_uid != os.geteuid():
            return False
        path.chmod(stat.S_IMODE(status.st_mode) & ~OTHERS)
    except FileNotFoundError:
        return False
    except OSError as error:
        logger.warning("Other users of this machine can read %s: %s", path, error)
        return False
    return True
