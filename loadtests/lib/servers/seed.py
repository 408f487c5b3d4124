"""Creates users for a test or a load, by `manage.py seed`."""

from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Protocol


class Manage(Protocol):
    def __call__(self, *arguments: str) -> str: ...


def seed_users(manage: Manage, count: int | None = None) -> list[str]:
    """Create users with sessions and return their identities.

    Without `count`, create alice and the rest of the cast. `manage` runs `manage.py` in the
    deployment. The first member of the cast owns the workspace.
    """
    with TemporaryDirectory(prefix="hubbub-seed-") as folder:
        file = Path(folder) / "sessions"
        users = [] if count is None else ["--users", str(count)]
        manage("seed", "--yes", *users, "--sessions", str(file))
        return file.read_text().splitlines()
