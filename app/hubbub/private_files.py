"""Keeps the files of SQLite and the embedded default readable by their owner only.

`settings.py` creates these files with modes for the owner only, so that no other user can read them
even for a moment. Every start tightens the modes of an older installation's files, which others
could read. No mode is ever loosened.
"""

import logging
import os
import stat
from collections.abc import Iterable
from contextlib import suppress
from pathlib import Path

logger = logging.getLogger(__name__)

OTHERS = stat.S_IRWXG | stat.S_IRWXO
# A user who may only pass through a directory cannot list the names in it. When root runs
# `make stack`, its PostgreSQL has to pass through data/.
PASSING = stat.S_IXGRP | stat.S_IXOTH
SQLITE_SUFFIXES = ("", "-wal", "-shm", "-journal")


def create_directory(path: Path) -> None:
    """Create a directory that only its owner may use. Raises OSError."""
    path.mkdir(mode=0o700, parents=True, exist_ok=True)


def create_database(path: Path) -> None:
    """Create an empty SQLite database, unless it exists already.

    If it cannot be created, do nothing: Django will report why. SQLite gives its other files, such
    as the -wal file, the mode of the database.
    """
    with suppress(OSError):
        os.close(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600))


def sqlite_files(database: Path) -> list[Path]:
    """Return all files that may belong to a database.

    The database itself comes first, because SQLite gives its mode to new ones of the other files.
    """
    return [database.with_name(f"{database.name}{suffix}") for suffix in SQLITE_SUFFIXES]


def tighten(directory: Path | None, files: Iterable[Path]) -> None:
    """Remove all permissions of other users, and log a warning that names the affected files."""
    found = [path for path in files if _tighten(path, OTHERS)]
    if directory is not None and _tighten(directory, OTHERS & ~PASSING):
        found.insert(0, directory)
    if found:
        names = ", ".join(map(str, found))
        logger.warning("Other users of this machine could read these; now they cannot: %s.", names)


def _tighten(path: Path, forbidden: int) -> bool:
    """Remove others' permissions if a forbidden one is among them. Return whether this was done."""
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
