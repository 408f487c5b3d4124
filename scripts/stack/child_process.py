"""How a process of the stack is started: tied to the manager's life, in a group of its own."""

import asyncio
import os
import signal
import sys
from collections.abc import Mapping, Sequence
from contextlib import suppress
from pathlib import Path

LAUNCHER = str(Path(__file__).with_name("launcher.py"))
LINE_BYTES = 1 << 20


def launcher_command(
    command: Sequence[str], orphan_signal: int = signal.SIGKILL, user: str = "-"
) -> list[str]:
    """Return the command as one that ends by `orphan_signal` with whoever starts it."""
    return [sys.executable, "-I", "-S", LAUNCHER, str(int(orphan_signal)), user, *command]


async def spawn(
    command: Sequence[str], environment: Mapping[str, str], folder: Path
) -> tuple[asyncio.subprocess.Process, asyncio.StreamReader]:
    """Start a process; return it and what it and its children write.

    By a pipe of our own: asyncio counts a process as ended only when its pipes are closed, which
    workers that outlive it keep open.
    """
    reading, writing = os.pipe()
    try:
        process = await asyncio.create_subprocess_exec(
            *command,
            env=dict(environment),
            cwd=folder,
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


async def _reader(descriptor: int) -> asyncio.StreamReader:
    reader = asyncio.StreamReader(limit=LINE_BYTES)
    await asyncio.get_running_loop().connect_read_pipe(
        lambda: asyncio.StreamReaderProtocol(reader), os.fdopen(descriptor, "rb")
    )
    return reader


def end_group(leader: int) -> None:
    """End a process that `spawn` started and all that it started, if any of them is there."""
    with suppress(ProcessLookupError, PermissionError):
        os.killpg(leader, signal.SIGKILL)
