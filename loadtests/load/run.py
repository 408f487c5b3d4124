"""The run as one process of it knows it: the plan, who plays, what is measured, whom to tell.

The locustfile makes it, Locust's people ask `current()`. Everything that Locust shall show goes
through its own `request` event here, but deliveries and checks, which are fed by the second.
"""

import time
from typing import Any

from gevent.event import AsyncResult
from gevent.pool import Group
from locust.env import Environment

from loadtests.lib.client.gevent_client import GeventClient
from loadtests.load import locust_stats
from loadtests.load.plan import Plan
from loadtests.load.recorder import Recorder
from loadtests.load.run_series import DELIVER, HTTP, KINDS, Generator, Second
from loadtests.load.user_pool import Crowd

CHECK = "CHECK"
PLAN_SECONDS = 60
# Each text is a line of Locust's report: one broken server must not make a million.
MOST_TEXTS = 100


class OrderError(Exception):
    """Something was lost, doubled or out of order; the text says where."""

    def __repr__(self) -> str:
        return str(self)


class Run:
    def __init__(self, plan: Plan, environment: Environment, name: str) -> None:
        self.plan, self.environment = plan, environment
        self.curve = plan.curve
        self.recorder = Recorder(name, time.time())
        self.crowd = Crowd(plan)
        self.clients: set[GeventClient] = set()
        self.began = time.time()
        self.followers = Group()  # of what the shape does, and of the seconds
        self._texts = 0
        environment.events.request.add_listener(self._requested)

    def start(self, at: float) -> None:
        """Begin, or begin anew as on Locust's page: what followed an earlier start has ended."""
        self.began = at
        self.followers.kill(block=False)
        self.followers = Group()

    @property
    def elapsed(self) -> float:
        return time.time() - self.began

    def succeeded(self, kind: str, name: str, seconds: float) -> None:
        self._fire(kind, name, seconds * 1000, None)

    def failed(self, kind: str, name: str, error: Exception) -> None:
        self._fire(kind, name, 0, error)

    def broken(self, kind: str, text: str) -> None:
        """Something was lost, doubled or out of order: a failure of Locust's, and of the run."""
        self.recorder.violation(kind)
        self._texts += 1
        told = text if self._texts <= MOST_TEXTS else f"and more than {MOST_TEXTS} others"
        self._fire(CHECK, kind, 0, OrderError(told))

    def roll(self, generator: Generator | None) -> Second:
        """End a second: what it had of deliveries and checks goes to Locust, too."""
        runner = self.environment.runner
        users = runner.user_count if runner is not None else 0
        ended = self.recorder.roll(time.time(), users, generator)
        stats = self.environment.stats
        locust_stats.feed(stats, DELIVER, "message.created", ended.latency(DELIVER), ended.at)
        locust_stats.feed_checked(stats, "order of events", ended.checked, ended.at)
        return ended

    def finish(self) -> None:
        """End the second that runs: nobody plays any more."""
        self.roll(None)

    def _fire(self, kind: str, name: str, ms: float, error: Exception | None) -> None:
        self.environment.events.request.fire(
            request_type=kind,
            name=name,
            response_time=ms,
            response_length=0,
            exception=error,
            context={},
        )

    def _requested(
        self, request_type: str, response_time: float, exception: Exception | None, **_: Any
    ) -> None:
        kind = request_type if request_type in KINDS else HTTP
        if request_type == CHECK:
            return
        if exception is not None:
            self.recorder.fail(kind)
        else:
            self.recorder.record(kind, response_time / 1000)


_current: "AsyncResult[Run]" = AsyncResult()


def current() -> Run:
    """Return the run of this process; a worker's people wait here until the plan has come."""
    run: Run = _current.get(timeout=PLAN_SECONDS)
    return run


def begin(run: Run) -> None:
    _current.set(run)
