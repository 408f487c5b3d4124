"""What Locust loads: the people, the curve, and the hooks that measure, judge and write.

Started by `python -m loadtests.load`, which says in LOAD_PLAN where the plan is. A worker asks its
master for it, so nothing has to be copied to other machines.
"""

import os
from pathlib import Path
from typing import Any

from locust import LoadTestShape, events
from locust.env import Environment
from locust.runners import MasterRunner, WorkerRunner

from loadtests.load import run as runs
from loadtests.load.plan import PLAN_VARIABLE, Plan
from loadtests.load.process_roles import Alone, Master, Worker
from loadtests.users.bot import Bot
from loadtests.users.lurker import Lurker
from loadtests.users.reader import Reader
from loadtests.users.talker import Talker
from loadtests.users.wanderer import Wanderer

__all__ = ["Bot", "Curve", "Lurker", "Reader", "Talker", "Wanderer"]


class Curve(LoadTestShape):
    """The plan's shape, as Locust asks for it: how many people now, and how fast they come."""

    def tick(self) -> tuple[int, float] | None:
        run = runs.current()
        at = run.elapsed
        if at >= run.plan.seconds:
            return None
        # The curve itself says how fast: what it asks for is to be there within the second.
        return run.curve.people(at), float(max(1, run.plan.users))


def take_part(environment: Environment, **_: Any) -> None:
    runner = environment.runner
    if isinstance(runner, WorkerRunner):
        Worker(environment, runner)
        return
    plan = Plan.read(Path(os.environ[PLAN_VARIABLE]))
    if isinstance(runner, MasterRunner):
        Master(environment, runner, plan)
    else:
        Alone(environment, plan)


events.init.add_listener(take_part)
