"""Runs the sampling in a process of its own during a load."""

import subprocess
import sys
from collections.abc import Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager
from pathlib import Path

from loadtests.lib.servers.process import ROOT, ServerError

STOP_SECONDS = 10


def sampling(stack: Path, out: Path, every_seconds: float = 1.0) -> AbstractContextManager[None]:
    """Sample a folder's stack while the `with` block runs. Raises ServerError if sampling fails."""
    return sampling_as(["--stack", str(stack)], out, every_seconds)


@contextmanager
def sampling_as(arguments: Sequence[str], out: Path, every_seconds: float = 1.0) -> Iterator[None]:
    """Run `python -m loadtests.lib.monitoring` with these arguments while the `with` block runs."""
    command = [sys.executable, "-m", "loadtests.lib.monitoring", *arguments]
    command += ["--out", str(out), "--every", str(every_seconds)]
    sampler = subprocess.Popen(command, cwd=ROOT, stderr=subprocess.PIPE, text=True)
    try:
        yield
        if sampler.poll() is not None:
            output = sampler.communicate()[1].strip()
            raise ServerError(f"The sampling ended before the load did: {output}")
    finally:
        sampler.terminate()
        sampler.communicate(timeout=STOP_SECONDS)
