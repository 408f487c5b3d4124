"""Hubbub's own processes in the stack: `manage.py`, web, realtime.

A `Release` is a directory of code with the static files that were collected from it. A deploy
prepares a second release. Each process belongs to the release from which it was started.
"""

import os
import signal
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from scripts.stack.child_process import kill_group, launcher_command, spawn
from scripts.stack.errors import StackError
from scripts.stack.output import Output
from scripts.stack.probes import HOST, http_ok
from scripts.stack.process import Program


@dataclass(frozen=True, slots=True)
class Release:
    root: Path
    static: Path

    @property
    def python(self) -> str:
        """The release's own Python, or the manager's if the release has none."""
        python = self.root / ".venv/bin/python"
        return str(python) if python.exists() else sys.executable


def environment(settings: Mapping[str, str], release: Release, **extra: str) -> dict[str, str]:
    """Return the complete environment of a process.

    It includes the shell's variables, so that limits and mail can be set there.
    """
    ours = {
        **settings,
        "PYTHONPATH": str(release.root / "app"),
        "PYTHONUNBUFFERED": "1",
        "STATIC_ROOT": str(release.static),
        "BIND": HOST,  # the BIND in the shell is the address of nginx
        **extra,
    }
    # Hubbub prefers DATABASE_URL_FILE to DATABASE_URL, and a DATABASE_URL_FILE set in the shell
    # would point to another database.
    files = {f"{name}_FILE" for name in (*ours, "PORT")}
    return {name: text for name, text in os.environ.items() if name not in files} | ours


async def manage(
    settings: Mapping[str, str], release: Release, output: Output, *arguments: str
) -> None:
    """Run `manage.py` until it exits. Raises StackError if it fails; its output says why."""
    # Run it with low priority, because users are connected during a deploy.
    command = ["nice", release.python, str(release.root / "app/manage.py"), *arguments]
    process, lines = await spawn(
        launcher_command(command), environment(settings, release), release.root
    )
    try:
        await output.relay_all("manage", lines)
        code = await process.wait()
    finally:
        kill_group(process.pid)
    if code:
        raise StackError(f"`manage.py {arguments[0]}` failed; see the stack's terminal.")


def web(settings: Mapping[str, str], release: Release, port: int) -> Program:
    return Program(
        command=[
            *(release.python, "-m", "gunicorn"),
            *("-c", "deploy/gunicorn.conf.py"),
            "hubbub.wsgi:application",
        ],
        environment=environment(settings, release, PORT=str(port)),
        cwd=release.root,
        is_ready=partial(http_ok, port, "/readyz"),
    )


def realtime(settings: Mapping[str, str], release: Release, port: int) -> Program:
    return Program(
        command=[release.python, "-m", "hubbub.realtime.server"],
        environment=environment(settings, release, PORT=str(port)),
        cwd=release.root,
        is_ready=partial(http_ok, port, "/readyz"),
        orphan_signal=signal.SIGKILL,  # a SIGTERM would start a drain, but no client can reconnect
    )
