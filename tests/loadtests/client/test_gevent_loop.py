"""Ctrl-C ends the main greenlet, and asyncio code still runs afterwards, to close the clients.

gevent patches the standard library, so it runs in a process of its own.
"""

import subprocess
import sys

from loadtests.lib.servers.process import ROOT

TIMEOUT_SECONDS = 30
INTERRUPTED_IN_ASYNCIO = """
from gevent import monkey

monkey.patch_all()

import asyncio
import os
import signal

from loadtests.lib.client.gevent_loop import run


async def interrupt_and_continue():
    asyncio.get_running_loop().call_later(0.1, os.kill, os.getpid(), signal.SIGINT)
    await asyncio.sleep(60)


async def answer():
    await asyncio.sleep(0.1)
    return "answered"


try:
    run(interrupt_and_continue())
except KeyboardInterrupt:
    print("interrupted")
print(run(answer()))
"""


def test_an_interrupt_that_arrives_in_the_event_loop_does_not_end_the_loop() -> None:
    done = subprocess.run(
        [sys.executable, "-c", INTERRUPTED_IN_ASYNCIO],
        cwd=ROOT,
        env={"PATH": "/usr/bin:/bin", "PYTHONPATH": str(ROOT)},
        capture_output=True,
        text=True,
        timeout=TIMEOUT_SECONDS,
    )
    assert done.stdout.split() == ["interrupted", "answered"], done.stderr
