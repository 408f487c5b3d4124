"""The static files of a version: collected once, kept until what they are made from changes."""

import hashlib
import shutil
from collections.abc import Awaitable, Callable, Iterator
from pathlib import Path
from typing import TypeAlias

from scripts.stack.state_directory import StateDirectory

MARK = ".complete"
KEPT = 3
Collect: TypeAlias = Callable[[Path], Awaitable[None]]


async def ensure_collected(folder: StateDirectory, root: Path, collect: Collect) -> Path:
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
    (target / MARK).touch()
    return target


def forget_old(folder: StateDirectory) -> None:
    """Remove all folders but the last ones. Only when the last one serves: one before it may."""
    for old in _by_age(folder / "static")[KEPT:]:
        shutil.rmtree(old, ignore_errors=True)


def _begin(home: Path) -> Path:
    """Return a new folder with what the last version had.

    Copies, no links: a running version has its files open, and they are written in place.
    """
    home.mkdir(exist_ok=True)
    made = home / "new"
    shutil.rmtree(made, ignore_errors=True)
    if earlier := _by_age(home):
        shutil.copytree(earlier[0], made)
        (made / MARK).unlink()
    else:
        made.mkdir()
    return made


def _by_age(home: Path) -> list[Path]:
    """Return the folders that are complete, the one that was wanted last first."""
    marks = sorted(home.glob(f"*/{MARK}"), key=lambda mark: mark.stat().st_mtime_ns, reverse=True)
    return [mark.parent for mark in marks]


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
