"""Starts child processes, each in its own process group and tied to the life of its parent."""

import asyncio
import os
import signal
import sys
from collections.abc import Mapping, Sequence
from contextlib import suppress
from pathlib import Path

LAUNCHER = str(Path(__file__).with_name("launcher.py"))
MAX_LINE_BYTES = 1 << 20


def launcher_command(
    command: Sequence[str], orphan_signal: int = signal.SIGKILL, user: str | None = None
) -> list[str]:
    """Return the command, wrapped to receive `orphan_signal` when the process that runs it dies.

    If `orphan_signal` is 0, there is no signal. With `user`, the command runs as that user.
    """
    return [sys.executable, "-I", "-S", LAUNCHER, str(int(orphan_signal)), user or "-", *command]


async def spawn(
    command: Sequence[str], environment: Mapping[str, str], cwd: Path
) -> tuple[asyncio.subprocess.Process, asyncio.StreamReader]:
    """Start a process. Return it and a stream of what the process and its children write.

    The stream is a pipe of our own. asyncio waits for its own pipes to close before it reports the
    exit, and workers that outlive the process would keep them open.
    """
    reading, writing = os.pipe()
    try:
        process = await asyncio.create_subprocess_exec(
            *command,
            env=dict(environment),
            cwd=cwd,
            stdin=asyncio.subprocess.DEVNULL,
            stdout=writing,
            stderr=writing,
            start_new_session=True,
        )
    except BaseException:
        os.close(reading)
        raise
    finally:
        os.close(writing)
    return process, await _reader(reading)


def kill_group(leader: int) -> None:
    """Kill a process that `spawn` started and all its children, if they still run."""
    with suppress(ProcessLookupError, PermissionError):
        os.killpg(leader, signal.SIGKILL)


async def _reader(descriptor: int) -> asyncio.StreamReader:
    reader = asyncio.StreamReader(limit=MAX_LINE_BYTES)
    await asyncio.get_running_loop().connect_read_pipe(
        lambda: asyncio.StreamReaderProtocol(reader), os.fdopen(descriptor, "rb")
    )
    return reader
