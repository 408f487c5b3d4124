"""The static files of a version: collected once, kept until what they are made from changes."""

import hashlib
import shutil
from collections.abc import Awaitable, Callable, Iterator
from pathlib import Path
from typing import TypeAlias

from scripts.stack.folder import Folder

MARK = ".complete"
Collect: TypeAlias = Callable[[Path], Awaitable[None]]


async def ensure_collected(folder: Folder, root: Path, collect: Collect) -> Path:
    """Return the folder with the static files of the code in `root`.

    Those of earlier versions stay beside them: their names carry a hash, and pages that are open
    still ask for them.
    """
    home = folder / "static"
    target = home / fingerprint(root)
    if not (target / MARK).exists():
        made = _begin(home)
        await collect(made)
        (made / MARK).touch()
        made.rename(target)
    return target


def _begin(home: Path) -> Path:
    """Return a new folder with what the last version had.

    Copies, no links: a running version has its files open, and they are written in place.
    """
    home.mkdir(exist_ok=True)
    made = home / "new"
    shutil.rmtree(made, ignore_errors=True)
    marks = home.glob(f"*/{MARK}")
    last = max(marks, key=lambda mark: mark.stat().st_mtime, default=None)
    if last is None:
        made.mkdir()
    else:
        shutil.copytree(last.parent, made)
        (made / MARK).unlink()
    return made


def fingerprint(root: Path) -> str:
    """Return what changes when a static file, a library or a setting does."""
    digest = hashlib.sha256()
    for path in sorted(_sources(root)):
        digest.update(f"{path.relative_to(root)}\0".encode())
        digest.update(path.read_bytes())
    return digest.hexdigest()[:12]


def _sources(root: Path) -> Iterator[Path]:
    yield root / "requirements.txt"
    yield root / "app/hubbub/settings.py"
    for path in root.glob("app/hubbub/*/static/**/*"):
        if path.is_file():
            yield path
