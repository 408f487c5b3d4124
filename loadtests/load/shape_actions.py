"""Performs a shape's scheduled actions on all users. Each process handles its own users."""

import asyncio
import subprocess
import sys
import time
from collections.abc import Callable, Iterable

import gevent

from loadtests.lib.client import Client, gevent_loop
from loadtests.lib.servers.process import ROOT
from loadtests.load.run import LoadRun
from loadtests.shapes import Action


def run_scheduled(run: LoadRun, action: Action, perform: Callable[[], None]) -> None:
    """Call `perform` at the times for which the shape has scheduled the action."""
    for scheduled in run.shape.schedule():
        if scheduled.action is action:
            gevent.sleep(max(0.0, run.started_at + scheduled.at - time.time()))
            perform()


def drop_all(run: LoadRun) -> None:
    """Drop the connections of all users of this process at once."""
    gevent_loop.run(_drop(run.clients))


async def _drop(clients: Iterable[Client]) -> None:
    # A timeout of one client must not end the whole schedule.
    await asyncio.gather(*(client.drop_connection() for client in clients), return_exceptions=True)


def deploy(run: LoadRun, note: Callable[[str], None], fail: Callable[[str], None]) -> None:
    """Restart the local stack's replicas, or ask the operator to start a deploy.

    A deploy that fails is reported to `fail`. A deploy that is still running when the run ends is
    not a failure; the run only lacks the note that the deploy finished.
    """
    if not run.plan.stack:
        note("Start your rolling deploy now: the run continues meanwhile.")
        return
    done = subprocess.run(
        [sys.executable, "-m", "scripts.stack", "deploy", "--root", str(ROOT)],
        env={"STACK_DIR": run.plan.stack},
        cwd=ROOT,
        capture_output=True,
        text=True,
    )
    if done.returncode:
        fail(f"The deploy failed: {done.stderr.strip()}")
    else:
        note("All replicas have restarted.")
