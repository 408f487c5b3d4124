"""The Locust file: its users, the shape of the load, and the hooks that measure and judge it.

`python -m loadtests.load` starts Locust with a plan in LOAD_PLAN. Without a plan the file works by
itself: `locust -f loadtests/locustfile.py --host https://… --sessions FILE`. A Locust worker asks
its master for the plan, so no file has to be copied to other machines.
"""

import os
import sys
from pathlib import Path
from typing import Any

from locust import LoadTestShape, events
from locust.argument_parser import LocustArgumentParser
from locust.env import Environment
from locust.runners import MasterRunner, WorkerRunner

# Locust puts this file's folder on the path, but the packages start at its parent folder.
sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from loadtests.lib import exit_codes
from loadtests.lib.console import log
from loadtests.lib.identities import TargetError
from loadtests.load import run as runs
from loadtests.load import standalone
from loadtests.load.plan import PLAN_VARIABLE, LoadPlan
from loadtests.load.process_roles import Alone, Master, Worker
from loadtests.users.bot import Bot
from loadtests.users.browser_user import Lurker, Reader, Talker, Wanderer

__all__ = ["Bot", "Lurker", "PlannedShape", "Reader", "Talker", "Wanderer"]


class PlannedShape(LoadTestShape):
    """The plan's shape in the form that Locust asks for.

    Locust asks how many users there should be now, and how fast they should start.
    """

    # Without a plan, Locust's --users and --run-time are the size and the length of the shape.
    use_common_options = True

    def tick(self) -> tuple[int, float] | None:
        run = runs.current()
        at = run.elapsed
        if at >= run.plan.seconds:
            return None
        # The shape has a ramp of its own, so Locust should reach each number within a second.
        return run.shape.users_at(at), float(max(1, run.plan.users))


@events.init_command_line_parser.add_listener  # type: ignore[untyped-decorator]
def add_arguments(parser: LocustArgumentParser) -> None:
    if PLAN_VARIABLE not in os.environ:
        standalone.add_arguments(parser)


@events.init.add_listener  # type: ignore[untyped-decorator]
def start_role(environment: Environment, **_: Any) -> None:
    """Give this process its role: worker, master or alone."""
    runner = environment.runner
    if isinstance(runner, WorkerRunner):
        Worker(environment, runner)
    elif isinstance(runner, MasterRunner):
        options = environment.parsed_options
        Master(environment, runner, _plan(environment, options.expect_workers if options else 1))
    else:
        Alone(environment, _plan(environment, workers=1))


def _plan(environment: Environment, workers: int) -> LoadPlan:
    if PLAN_VARIABLE in os.environ:
        return LoadPlan.read(Path(os.environ[PLAN_VARIABLE]))
    try:
        return standalone.prepare(environment, max(1, workers))
    except TargetError as error:
        log(str(error))
        sys.exit(exit_codes.NOT_RUN)
