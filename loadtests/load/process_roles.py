"""The parts that a process of Locust's plays: alone, the master of several, or one of its workers.

A worker asks for the plan when it is ready and plays the people whose number is its own, measures
by itself, and hands over its seconds with Locust's reports; the master adds them up.
"""

import os
import socket
from typing import Any

import gevent
from locust.env import Environment
from locust.runners import MasterRunner, WorkerRunner

from loadtests.load import generator_lag, shape_actions
from loadtests.load import run as runs
from loadtests.load.plan import Plan
from loadtests.load.results_collector import Book
from loadtests.load.run import Run
from loadtests.load.run_series import Generator, Second
from loadtests.load.user_pool import Crowd
from loadtests.shapes.shape import Deed

ASK, PLAN, BEGAN, SECONDS = "hubbub-ask", "hubbub-plan", "hubbub-began", "hubbub_seconds"
# Workers report every three seconds, the second in which they do is theirs until the next.
WORKERS_LATE_SECONDS = 6


class Alone:
    """The only process: people and book."""

    def __init__(self, environment: Environment, plan: Plan) -> None:
        self._run = Run(plan, environment, process_name())
        self._book = Book(self._run, late_seconds=1.5)
        runs.begin(self._run)
        environment.events.test_start.add_listener(self._start)
        environment.events.test_stop.add_listener(self._stop)
        environment.events.quitting.add_listener(self._quit)
        environment.events.quit.add_listener(lambda **_: self._book.print_verdict())
        gevent.spawn(generator_lag.watch, self._second_ended)

    def _start(self, **_: Any) -> None:
        self._run.recorder.take()
        self._book.begin()
        follow_drops(self._run)

    def _second_ended(self, measured: Generator) -> None:
        self._run.roll(measured)
        self._book.add(self._run.recorder.take())

    def _stop(self, **_: Any) -> None:
        self._run.finish()
        self._book.add(self._run.recorder.take())

    def _quit(self, environment: Environment, **_: Any) -> None:
        environment.process_exit_code = self._book.finish()


class Master:
    """The book of several workers; it plays nobody."""

    def __init__(self, environment: Environment, runner: MasterRunner, plan: Plan) -> None:
        self._run, self._runner = Run(plan, environment, process_name()), runner
        self._book = Book(self._run, WORKERS_LATE_SECONDS)
        options = environment.parsed_options
        self._workers = max(1, options.expect_workers if options else 1)
        runs.begin(self._run)
        runner.register_message(ASK, self._asked)
        environment.events.worker_report.add_listener(self._reported)
        environment.events.test_start.add_listener(self._start)
        environment.events.quitting.add_listener(self._quit)
        environment.events.quit.add_listener(lambda **_: self._book.print_verdict())

    def _asked(self, environment: Environment, msg: Any, **_: Any) -> None:
        share = {
            "plan": self._run.plan.to_json(),
            "worker": self._runner.get_worker_index(msg.node_id),
            "workers": self._workers,
            "began": self._run.began,
        }
        self._runner.send_message(PLAN, share, client_id=msg.node_id)

    def _start(self, **_: Any) -> None:
        self._book.begin()
        self._runner.send_message(BEGAN, {"at": self._run.began})

    def _reported(self, client_id: str, data: dict[str, Any]) -> None:
        self._book.add(Second.from_json(one) for one in data.get(SECONDS, ()))

    def _quit(self, environment: Environment, **_: Any) -> None:
        environment.process_exit_code = self._book.finish()


class Worker:
    """People, and no book. Its people wait until the plan has come."""

    def __init__(self, environment: Environment, runner: WorkerRunner) -> None:
        self._environment = environment
        self._run: Run | None = None
        runner.register_message(PLAN, self._planned)
        runner.register_message(BEGAN, self._began)
        environment.events.report_to_master.add_listener(self._report)
        environment.events.test_stop.add_listener(self._stop)
        runner.send_message(ASK)

    def _planned(self, environment: Environment, msg: Any, **_: Any) -> None:
        share = msg.data
        plan = Plan.from_json(share["plan"])
        self._run = Run(plan, self._environment, process_name())
        self._run.began = share["began"]
        self._run.crowd = Crowd(plan, share["worker"], share["workers"])
        runs.begin(self._run)
        gevent.spawn(generator_lag.watch, self._run.roll)

    def _began(self, environment: Environment, msg: Any, **_: Any) -> None:
        run = runs.current()
        run.start(msg.data["at"])
        follow_drops(run)

    def _report(self, client_id: str, data: dict[str, Any]) -> None:
        if self._run is not None:
            data[SECONDS] = [second.to_json() for second in self._run.recorder.take()]

    def _stop(self, **_: Any) -> None:
        if self._run is not None:
            self._run.finish()


def follow_drops(run: Run) -> None:
    run.followers.spawn(shape_actions.follow, run, Deed.DROP, lambda: shape_actions.drop_all(run))


def process_name() -> str:
    return f"{socket.gethostname()} {os.getpid()}"
