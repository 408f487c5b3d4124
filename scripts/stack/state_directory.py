"""The one folder that holds all that a stack keeps and needs while it runs: data/stack.

Postgres' cluster and the secrets outlive the stack; everything else in it is made anew.
"""

import fcntl
import json
import os
import secrets
import shlex
import shutil
from collections.abc import Mapping
from io import TextIOWrapper
from pathlib import Path

from scripts.stack.errors import StackError

SECRETS = ("secret_key", "postgres_password", "redis_password")
# Of a unix socket, on every system that we know (unix(7) has 108 with the zero at the end).
MOST_PATH_BYTES = 103


class StateDirectory:
    def __init__(self, path: Path) -> None:
        self.path = path
        self.control = path / "control"
        self.environment = path / "env"
        self._lock: TextIOWrapper | None = None

    def __truediv__(self, name: str) -> Path:
        return self.path / name

    def make(self) -> None:
        if len(os.fsencode(self.control)) > MOST_PATH_BYTES:
            raise StackError(
                f"The path {self.path} is too long for a socket: set STACK_DIR to a shorter one."
            )
        try:
            self.path.mkdir(mode=0o711, parents=True, exist_ok=True)  # postgres passes through
        except OSError as error:
            raise StackError(f"The stack's folder cannot be made: {error}.") from None

    def lock(self) -> None:
        """Take the folder for this process. Raises StackError where a stack runs in it already."""
        file = self._lock = (self / "lock").open("a")
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            raise StackError(
                f"A stack runs already in {self.path}: `make stack-scale` changes it, "
                "Ctrl-C in its terminal stops it."
            ) from None
        shutil.rmtree(self / "tmp", ignore_errors=True)

    def temporary(self) -> Path:
        """Return the folder for what need not outlive the stack, emptied at each start."""
        path = self / "tmp"
        path.mkdir(exist_ok=True)
        return path

    def secrets(self) -> dict[str, str]:
        """Return the stack's secrets, made at its first start and kept."""
        path = self / "secrets.json"
        if not path.exists():
            made = {name: secrets.token_urlsafe(40) for name in SECRETS}
            write_private(path, json.dumps(made))
        kept: dict[str, str] = json.loads(path.read_text())
        return kept

    def write_environment(self, environment: Mapping[str, str]) -> None:
        """Leave what `manage.py` needs to work on the running stack."""
        lines = [f"{name}={shlex.quote(value)}\n" for name, value in sorted(environment.items())]
        write_private(self.environment, "".join(lines))

    def read_environment(self) -> dict[str, str]:
        """Return what the running stack left. Raises StackError when none runs."""
        if not self.environment.exists():
            raise StackError(f"No stack runs in {self.path}: `make stack` starts one.")
        lines = self.environment.read_text().splitlines()
        pairs = (line.partition("=") for line in lines)
        return {name: shlex.split(value)[0] if value else "" for name, _, value in pairs}


def write_private(path: Path, text: str) -> None:
    """Write a file that nobody else may read, whole or not at all."""
    made = path.with_name(f"{path.name}.new")
    made.unlink(missing_ok=True)
    made.touch(mode=0o600)
    made.write_text(text)
    made.replace(path)
