"""The version of the running code: the release, and the git revision if it is known.

`welcome`, /metrics, `doctor` and the page show it, so that a half-finished deploy is noticed. The
revision comes from the first of these that has one: the file REVISION, which the image's build
writes next to this module; the environment of a Heroku dyno; the git repository of a checkout.
Nothing here raises or starts a process: without a revision the version is the release alone.
"""

import os
import re
from collections.abc import Mapping
from pathlib import Path

RELEASE = "0.2.0"

REVISION_FILE = Path(__file__).with_name("REVISION")
CHECKOUT = Path(__file__).parents[2]
# Heroku sets the first one if dyno metadata is on, the second one as its older name, and the third
# one during a build.
HEROKU_VARIABLES = ("HEROKU_BUILD_COMMIT", "HEROKU_SLUG_COMMIT", "SOURCE_VERSION")
REVISION = re.compile(r"[0-9a-f]{7,64}")
SHORT_REVISION_CHARS = 8


def read_version() -> str:
    """Return the version in PEP 440's format for local versions, such as `0.2.0+g1a2b3c4d`."""
    revision = find_revision(REVISION_FILE, os.environ, CHECKOUT)
    return f"{RELEASE}+g{revision[:SHORT_REVISION_CHARS]}" if revision else RELEASE


def find_revision(file: Path, environment: Mapping[str, str], checkout: Path) -> str:
    """Return the git revision (a commit's hash), or an empty string if none is known."""
    candidates = (
        _read(file),
        *(environment.get(name, "") for name in HEROKU_VARIABLES),
        _head_of(checkout / ".git"),
    )
    return next((text for text in candidates if REVISION.fullmatch(text)), "")


def _head_of(git: Path) -> str:
    """Return the commit that is checked out in a repository, read from git's own files."""
    if not git.is_dir():  # in a worktree or submodule, this file names the directory
        git = git.parent / _read(git).removeprefix("gitdir: ")
    head = _read(git / "HEAD")
    if not head.startswith("ref: "):
        return head  # the head is detached
    name = head.removeprefix("ref: ")
    # Worktrees share the branches of the main repository.
    common = git / (_read(git / "commondir") or ".")
    return _read(git / name) or _read(common / name) or _packed(common / "packed-refs", name)


def _packed(file: Path, name: str) -> str:
    lines = (line.partition(" ") for line in _read(file).splitlines())
    return next((revision for revision, _, ref in lines if ref == name), "")


def _read(path: Path) -> str:
    try:
        return path.read_text().strip()
    except (OSError, UnicodeDecodeError):
        return ""
