"""The directory with all of a stack's files: data/stack, or STACK_DIR.

The Postgres cluster and the secrets outlive the stack; every start rewrites all other files.
"""

import fcntl
import json
import os
import secrets
import shlex
import shutil
import stat
from collections.abc import Mapping
from io import TextIOWrapper
from pathlib import Path

from scripts.stack.control import no_stack_message
from scripts.stack.errors import StackError
from scripts.stack.programs import is_root

DEFAULT_PATH = Path(__file__).resolve().parents[2] / "data/stack"
PASSING = stat.S_IXGRP | stat.S_IXOTH
SECRETS = ("secret_key", "postgres_password", "redis_password")
# The longest path of a Unix socket that all systems accept. Linux accepts 108 bytes with the final
# zero (unix(7)); macOS accepts 104.
MAX_SOCKET_PATH_BYTES = 103


class StateDirectory:
    def __init__(self, path: Path) -> None:
        self.path = path
        self.control = path / "control"
        self.environment = path / "env"
        self._lock: TextIOWrapper | None = None

    def __truediv__(self, name: str) -> Path:
        return self.path / name

    def create(self) -> None:
        if len(os.fsencode(self.control)) > MAX_SOCKET_PATH_BYTES:
            raise StackError(
                f"The path {self.path} is too long for a socket: set STACK_DIR to a shorter one."
            )
        try:
            # Other users, such as postgres, must be able to reach their own directories in it.
            self.path.parent.mkdir(mode=0o711, parents=True, exist_ok=True)
            self.path.mkdir(mode=0o711, exist_ok=True)
            if self.path == DEFAULT_PATH and is_root():
                _let_pass(self.path.parent)
        except OSError as error:
            raise StackError(f"The stack's directory cannot be created: {error}.") from None

    def lock(self) -> None:
        """Lock the directory for this process. Raises StackError if another stack uses it."""
        file = self._lock = (self / "lock").open("a")
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            raise StackError(
                f"A stack is already running in {self.path}: `make stack-scale` changes it, "
                "Ctrl-C in its terminal stops it."
            ) from None
        shutil.rmtree(self / "tmp", ignore_errors=True)

    def temporary(self) -> Path:
        """Return the directory for temporary files, which each start empties."""
        path = self / "tmp"
        path.mkdir(exist_ok=True)
        return path

    def secrets(self) -> dict[str, str]:
        """Return the stack's secrets; its first start creates them."""
        path = self / "secrets.json"
        if not path.exists():
            new = {name: secrets.token_urlsafe(40) for name in SECRETS}
            write_private(path, json.dumps(new))
        stored: dict[str, str] = json.loads(path.read_text())
        return stored

    def write_environment(self, environment: Mapping[str, str]) -> None:
        """Store the variables that `manage.py` needs to work on the running stack."""
        lines = [f"{name}={shlex.quote(value)}\n" for name, value in sorted(environment.items())]
        write_private(self.environment, "".join(lines))

    def read_environment(self) -> dict[str, str]:
        """Return the running stack's variables. Raises StackError when none is running."""
        if not self.environment.exists():
            raise StackError(no_stack_message(self.path))
        lines = self.environment.read_text().splitlines()
        pairs = (line.partition("=") for line in lines)
        return {name: shlex.split(value)[0] if value else "" for name, _, value in pairs}


def _let_pass(directory: Path) -> None:
    """Let other users pass through data/, which `make run` creates for its own user only.

    They can still neither list the directory nor read the private files in it.
    """
    mode = stat.S_IMODE(directory.stat().st_mode)
    if mode & PASSING != PASSING:
        directory.chmod(mode | PASSING)


def write_private(path: Path, text: str) -> None:
    """Write a file that no other user can read, in one step."""
    new = path.with_name(f"{path.name}.new")
    new.unlink(missing_ok=True)
    new.touch(mode=0o600)
    new.write_text(text)
    new.replace(path)
