"""Hubbub's own processes as the stack runs them: `manage.py`, web, realtime.

`Version` is a folder of code with the static files that were collected from it. A deploy makes a
second one; each process belongs to the version that it was started from.
"""

import os
import signal
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from scripts.stack.child_process import end_group, launcher_command, spawn
from scripts.stack.errors import StackError
from scripts.stack.output import Output
from scripts.stack.probes import HOST, http_ok
from scripts.stack.service import Program


@dataclass(frozen=True, slots=True)
class Version:
    root: Path
    static: Path

    @property
    def python(self) -> str:
        """Return the version's own Python where it has one."""
        own = self.root / ".venv/bin/python"
        return str(own) if own.exists() else sys.executable


def environment(settings: Mapping[str, str], version: Version, **more: str) -> dict[str, str]:
    """Return all that a process gets: what the shell says of limits and mail holds here, too."""
    ours = {
        **settings,
        "PYTHONPATH": str(version.root / "app"),
        "PYTHONUNBUFFERED": "1",
        "STATIC_ROOT": str(version.static),
        "BIND": HOST,  # the shell's is nginx's
        **more,
    }
    # Hubbub takes DATABASE_URL_FILE before DATABASE_URL: the shell's would be another database.
    files = {f"{name}_FILE" for name in (*ours, "PORT")}
    return {name: text for name, text in os.environ.items() if name not in files} | ours


async def manage(
    settings: Mapping[str, str], version: Version, output: Output, *arguments: str
) -> None:
    """Run `manage.py` to its end. Raises StackError when it fails: it has said why."""
    # Nicely: in a deploy, people talk meanwhile.
    command = ["nice", version.python, str(version.root / "app/manage.py"), *arguments]
    process, said = await spawn(
        launcher_command(command), environment(settings, version), version.root
    )
    try:
        await output.relay_all("manage", said)
        code = await process.wait()
    finally:
        end_group(process.pid)
    if code:
        raise StackError(f"`manage.py {arguments[0]}` failed: the stack's terminal says why.")


def web(settings: Mapping[str, str], version: Version, port: int) -> Program:
    return Program(
        command=[
            *(version.python, "-m", "gunicorn"),
            *("-c", "deploy/gunicorn.conf.py"),
            "hubbub.wsgi:application",
        ],
        environment=environment(settings, version, PORT=str(port)),
        folder=version.root,
        answers=partial(http_ok, port, "/readyz"),
    )


def realtime(settings: Mapping[str, str], version: Version, port: int) -> Program:
    return Program(
        command=[version.python, "-m", "hubbub.realtime.server"],
        environment=environment(settings, version, PORT=str(port)),
        folder=version.root,
        answers=partial(http_ok, port, "/readyz"),
        orphan_signal=signal.SIGKILL,  # a drain takes a while, and nobody is left to wait for it
    )
