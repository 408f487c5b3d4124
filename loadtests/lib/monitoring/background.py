"""Sampling in a process of its own, from the beginning of a load to its end."""

import subprocess
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

from loadtests.lib.servers.process import ROOT, ServerError

STOP_SECONDS = 10


@contextmanager
def sampling(stack: Path, out: Path, every_seconds: float = 1.0) -> Iterator[None]:
    """Sample the stack that runs in a folder meanwhile. Raises ServerError when that fails."""
    with sampling_as(["--stack", str(stack)], out, every_seconds):
        yield


@contextmanager
def sampling_as(where: Sequence[str], out: Path, every_seconds: float = 1.0) -> Iterator[None]:
    """Sample what `where` says meanwhile, in the words of `python -m loadtests.lib.monitoring`."""
    command = [sys.executable, "-m", "loadtests.lib.monitoring", *where]
    command += ["--out", str(out), "--every", str(every_seconds)]
    sampler = subprocess.Popen(command, cwd=ROOT, stderr=subprocess.PIPE, text=True)
    try:
        yield
        if sampler.poll() is not None:
            said = sampler.communicate()[1].strip()
            raise ServerError(f"The sampling ended before the load did: {said}")
    finally:
        sampler.terminate()
        sampler.communicate(timeout=STOP_SECONDS)
