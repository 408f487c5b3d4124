"""Finds the programs that the stack and the tests start.

Debian keeps PostgreSQL's programs off the PATH, and nginx's directory is only on root's PATH.
"""

import os
import shutil
from pathlib import Path

SYSTEM_PATH = "/usr/local/sbin:/usr/sbin:/sbin:/opt/homebrew/bin:/usr/local/bin"


def find_program(name: str) -> str | None:
    return shutil.which(name) or shutil.which(name, path=SYSTEM_PATH)


def find_postgres() -> Path | None:
    """Return the directory with the programs of the newest PostgreSQL."""
    if initdb := shutil.which("initdb"):
        return Path(initdb).resolve().parent
    versions = Path("/usr/lib/postgresql").glob("*/bin/initdb")
    newest = max(versions, key=lambda path: float(path.parts[-3]), default=None)
    return newest.parent if newest else None


def is_root() -> bool:
    return os.geteuid() == 0
