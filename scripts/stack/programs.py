"""Where the programs are that the stack and the tests start.

PostgreSQL's are kept off the PATH by Debian, nginx is in a folder that only root's PATH has.
"""

import os
import shutil
from pathlib import Path

SYSTEM_FOLDERS = "/usr/local/sbin:/usr/sbin:/sbin:/opt/homebrew/bin:/usr/local/bin"


def find_program(name: str) -> str | None:
    return shutil.which(name) or shutil.which(name, path=SYSTEM_FOLDERS)


def find_postgres() -> Path | None:
    """Return the folder of the newest PostgreSQL's programs."""
    if found := shutil.which("initdb"):
        return Path(found).resolve().parent
    versions = Path("/usr/lib/postgresql").glob("*/bin/initdb")
    newest = max(versions, key=lambda path: float(path.parts[-3]), default=None)
    return newest.parent if newest else None


def is_root() -> bool:
    return os.geteuid() == 0
