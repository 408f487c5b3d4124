"""The static files of a release: collected once, and reused until their sources change."""

import hashlib
import shutil
from collections.abc import Awaitable, Callable, Iterator
from pathlib import Path
from typing import TypeAlias

from scripts.stack.state_directory import StateDirectory

MARKER = ".complete"
KEPT_RELEASES = 3
Collect: TypeAlias = Callable[[Path], Awaitable[None]]


async def ensure_collected(state: StateDirectory, root: Path, collect: Collect) -> Path:
    """Return the directory with the static files of the code in `root`.

    The directory also contains the files of earlier releases, which open pages still request. The
    names contain a hash, so files of two releases do not collide.
    """
    home = state / "static"
    target = home / fingerprint(root)
    if not (target / MARKER).exists():
        new = _new_directory(home)
        await collect(new)
        (new / MARKER).touch()
        new.rename(target)
    (target / MARKER).touch()
    return target


def remove_old(state: StateDirectory) -> None:
    """Remove all directories except the latest ones.

    Call this only once the latest release serves requests; until then an older one may do so.
    """
    for old in _latest_first(state / "static")[KEPT_RELEASES:]:
        shutil.rmtree(old, ignore_errors=True)


def fingerprint(root: Path) -> str:
    """Return a hash that changes with the static files, the libraries and the settings."""
    digest = hashlib.sha256()
    for path in sorted(_sources(root)):
        digest.update(f"{path.relative_to(root)}\0".encode())
        digest.update(path.read_bytes())
    return digest.hexdigest()[:12]


def _new_directory(home: Path) -> Path:
    """Return a new directory with a copy of the latest release's files.

    The files are copies and not links, because `collectstatic` would rewrite files that a running
    release serves.
    """
    home.mkdir(exist_ok=True)
    new = home / "new"
    shutil.rmtree(new, ignore_errors=True)
    if earlier := _latest_first(home):
        shutil.copytree(earlier[0], new)
        (new / MARKER).unlink()
    else:
        new.mkdir()
    return new


def _latest_first(home: Path) -> list[Path]:
    """Return the complete directories, the most recently used first."""
    markers = home.glob(f"*/{MARKER}")
    used = sorted(markers, key=lambda marker: marker.stat().st_mtime_ns, reverse=True)
    return [marker.parent for marker in used]


def _sources(root: Path) -> Iterator[Path]:
    yield root / "requirements.txt"
    yield root / "app/hubbub/settings.py"
    for path in root.glob("app/hubbub/*/static/**/*"):
        if path.is_file():
            yield path
