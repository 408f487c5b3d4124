"""The roles of a Locust process: alone, the master of several, or one of its Locust workers.

A Locust worker asks for the plan when it is ready, and runs the users whose identities are its own.
It measures by itself and sends its results, second by second, with Locust's reports. The master
adds up the results.
"""

import os
import socket
from typing import Any

import gevent
from locust.env import Environment
from locust.runners import MasterRunner, WorkerRunner

from loadtests.lib.measurements.series import GeneratorUsage, Second
from loadtests.load import generator_usage, shape_actions
from loadtests.load import run as runs
from loadtests.load.plan import LoadPlan
from loadtests.load.results_collector import ResultsCollector
from loadtests.load.run import LoadRun
from loadtests.load.user_pool import UserPool
from loadtests.shapes import Action

ASK, PLAN, STARTED, SECONDS = "hubbub-ask", "hubbub-plan", "hubbub-started", "hubbub_seconds"


class Collector:
    """A process that collects the results and judges them."""

    late_seconds: float  # the results of a second are complete this long after it has ended

    def __init__(self, environment: Environment, plan: LoadPlan) -> None:
        self._run = LoadRun(plan, environment, process_name())
        self._results = ResultsCollector(self._run, self.late_seconds)
        runs.set_current(self._run)
        environment.events.test_start.add_listener(self._start)
        environment.events.quitting.add_listener(self._quit)
        environment.events.quit.add_listener(lambda **_: self._results.print_verdict())

    def _start(self, **_: Any) -> None:
        self._results.start()

    def _quit(self, environment: Environment, **_: Any) -> None:
        environment.process_exit_code = self._results.finish()


class Alone(Collector):
    """The only process. It also runs the users."""

    late_seconds = 1.5

    def __init__(self, environment: Environment, plan: LoadPlan) -> None:
        super().__init__(environment, plan)
        environment.events.test_stop.add_listener(lambda **_: self._second_ended())
        gevent.spawn(generator_usage.watch, self._second_ended)

    def _start(self, **_: Any) -> None:
        self._run.pop_ended()
        super()._start()
        schedule_drops(self._run)

    def _second_ended(self, usage: GeneratorUsage | None = None) -> None:
        self._run.second_ended(usage)
        self._results.add(self._run.pop_ended())


class Master(Collector):
    """Collects the results of several Locust workers. It runs no users."""

    # Locust workers report every three seconds. A second in which they report is complete only in
    # their next report.
    late_seconds = 6

    def __init__(self, environment: Environment, runner: MasterRunner, plan: LoadPlan) -> None:
        super().__init__(environment, plan)
        self._runner, options = runner, environment.parsed_options
        self._workers = max(1, options.expect_workers if options else 1)
        runner.register_message(ASK, self._asked)
        environment.events.worker_report.add_listener(self._reported)

    def _asked(self, environment: Environment, msg: Any, **_: Any) -> None:
        share = {
            "plan": self._run.plan.to_json(),
            "worker": self._runner.get_worker_index(msg.node_id),
            "workers": self._workers,
            "started_at": self._run.started_at,
        }
        self._runner.send_message(PLAN, share, client_id=msg.node_id)

    def _start(self, **_: Any) -> None:
        super()._start()
        self._runner.send_message(STARTED, {"at": self._run.started_at})

    def _reported(self, client_id: str, data: dict[str, Any]) -> None:
        self._results.add(Second.from_json(one) for one in data.get(SECONDS, ()))


class Worker:
    """Runs users and collects nothing. Its users wait until the plan has arrived."""

    def __init__(self, environment: Environment, runner: WorkerRunner) -> None:
        self._environment = environment
        self._run: LoadRun | None = None
        runner.register_message(PLAN, self._plan_received)
        runner.register_message(STARTED, self._started)
        environment.events.report_to_master.add_listener(self._report)
        environment.events.test_stop.add_listener(self._stop)
        runner.send_message(ASK)

    def _plan_received(self, environment: Environment, msg: Any, **_: Any) -> None:
        share = msg.data
        plan = LoadPlan.from_json(share["plan"])
        self._run = LoadRun(plan, self._environment, process_name())
        self._run.started_at = share["started_at"]
        self._run.user_pool = UserPool(plan, share["worker"], share["workers"])
        runs.set_current(self._run)
        gevent.spawn(generator_usage.watch, self._run.second_ended)

    def _started(self, environment: Environment, msg: Any, **_: Any) -> None:
        run = runs.current()
        run.start(msg.data["at"])
        schedule_drops(run)

    def _report(self, client_id: str, data: dict[str, Any]) -> None:
        if self._run is not None:
            data[SECONDS] = [second.to_json() for second in self._run.pop_ended()]

    def _stop(self, **_: Any) -> None:
        if self._run is not None:
            self._run.second_ended()


def schedule_drops(run: LoadRun) -> None:
    run.background.spawn(
        shape_actions.run_scheduled, run, Action.DROP, lambda: shape_actions.drop_all(run)
    )


def process_name() -> str:
    return f"{socket.gethostname()} {os.getpid()}"
