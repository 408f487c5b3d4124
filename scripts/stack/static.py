"""The static files of a version: collected once, kept until what they are made from changes."""

import hashlib
import os
import shutil
from collections.abc import Callable, Iterator
from pathlib import Path

from scripts.stack.folder import Folder

MARK = ".made-from"


def ensure_collected(folder: Folder, root: Path, collect: Callable[[Path], None]) -> Path:
    """Return the folder with the static files of the code in `root`.

    Those of earlier versions stay beside them: their names carry a hash, and pages that are open
    still ask for them.
    """
    wanted = fingerprint(root)
    home = folder / "static"
    target = home / wanted
    if (target / MARK).exists():
        return target
    home.mkdir(exist_ok=True)
    made = home / "new"
    shutil.rmtree(made, ignore_errors=True)
    made.mkdir()
    before = newest(home)
    if before is not None:
        shutil.copytree(before, made, copy_function=os.link, dirs_exist_ok=True)
        (made / MARK).unlink()
    collect(made)
    (made / MARK).write_text(wanted)
    shutil.rmtree(target, ignore_errors=True)
    made.rename(target)
    return target


def newest(home: Path) -> Path | None:
    marks = home.glob(f"*/{MARK}")
    return max((mark.parent for mark in marks), key=lambda path: path.stat().st_mtime, default=None)


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
