"""What a shape does to everybody at its moments: each process does the part that is its own."""

import subprocess
import sys
import time
from collections.abc import Callable

import gevent

from loadtests.lib.servers.process import ROOT
from loadtests.load.run import Run
from loadtests.shapes.shape import Deed


def follow(run: Run, deed: Deed, act: Callable[[], None]) -> None:
    """Do `act` at each of the shape's moments for the deed."""
    for moment in run.curve.moments():
        if moment.deed is deed:
            gevent.sleep(max(0.0, run.began + moment.at - time.time()))
            act()


def drop_all(run: Run) -> None:
    """Have everybody of this process lose their socket in the same moment."""
    for client in list(run.clients):
        client.drop_connection()


def deploy(run: Run, say: Callable[[str], None], fail: Callable[[str], None]) -> None:
    """Roll the local stack's replicas, or tell the operator to roll theirs.

    One that fails is told to `fail`. What is not done by the end of the run is no finding: the note
    that it is done is missing then.
    """
    if not run.plan.stack:
        say("Roll the replicas now: the run goes on meanwhile.")
        return
    done = subprocess.run(
        [sys.executable, "-m", "scripts.stack", "deploy", "--root", str(ROOT)],
        env={"STACK_DIR": run.plan.stack},
        cwd=ROOT,
        capture_output=True,
        text=True,
    )
    if done.returncode:
        fail(f"No deploy: {done.stderr.strip()}")
    else:
        say("The replicas have rolled.")
