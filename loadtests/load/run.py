"""The part of a run in one process: the plan, its users' identities, and its measurements.

The process roles create the run, and Locust's users get it from `current()`. Everything that Locust
should show goes through Locust's own `request` event, except deliveries and checks. An event for
each delivery or check would cost as much as decoding the message (3 µs), so these are added once a
second.
"""

import time
from typing import Any

from gevent.event import AsyncResult
from gevent.pool import Group
from locust.env import Environment
from locust.stats import RequestStats, StatsEntry, bucket_response_time

from loadtests.lib.client import Client
from loadtests.lib.measurements.series import DELIVER, HTTP, KINDS, GeneratorUsage
from loadtests.load.plan import LoadPlan
from loadtests.load.recorder import Recorder
from loadtests.load.user_pool import UserPool

CHECK = "CHECK"
PLAN_TIMEOUT_SECONDS = 60
# The most different texts of errors. Each of them is a line of Locust's report, and a broken server
# must not create a million lines.
MAX_ERROR_TEXTS = 100


class OrderError(Exception):
    """An event was lost, duplicated or out of order. The text says where."""

    def __repr__(self) -> str:
        return str(self)


class LoadRun(Recorder):
    """A recorder whose results also go to Locust."""

    def __init__(self, plan: LoadPlan, environment: Environment, process_name: str) -> None:
        super().__init__(process_name, time.time())
        self.plan, self.environment = plan, environment
        self.shape = plan.load_shape
        self.user_pool = UserPool(plan)
        self.clients: set[Client] = set()
        self.started_at = time.time()
        self.background = Group()  # greenlets that end when the run is restarted
        self._error_texts = 0
        environment.events.request.add_listener(self._request_ended)

    def start(self, at: float) -> None:
        """Start the run, or restart it from Locust's page.

        A restart ends the greenlets of the earlier start.
        """
        self.started_at = at
        self.background.kill(block=False)
        self.background = Group()

    @property
    def elapsed(self) -> float:
        return time.time() - self.started_at

    def succeeded(self, kind: str, name: str, seconds: float) -> None:
        self._fire(kind, name, seconds * 1000, None)

    def failed(self, kind: str, name: str, error: Exception) -> None:
        self._fire(kind, name, 0, error)

    def order_error(self, kind: str, text: str) -> None:
        super().order_error(kind, text)
        self._error_texts += 1
        shown = text if self._error_texts <= MAX_ERROR_TEXTS else f"more than {MAX_ERROR_TEXTS}"
        self._fire(CHECK, kind, 0, OrderError(shown))

    def second_ended(self, usage: GeneratorUsage | None = None) -> None:
        """End a second. Add its deliveries and checks to Locust's statistics."""
        runner = self.environment.runner
        ended = self.end_second(time.time(), runner.user_count if runner is not None else 0, usage)
        stats, delivered = self.environment.stats, ended.latency(DELIVER)
        if delivered.count:
            # The count of each bucket is added to the Locust bucket that contains the bucket's
            # upper edge.
            _add(stats, DELIVER, "message.created", ended.at, dict(delivered.buckets_ms()))
        if ended.checked:
            _add(stats, CHECK, "order of events", ended.at, {0.0: ended.checked})

    def _fire(self, kind: str, name: str, ms: float, error: Exception | None) -> None:
        self.environment.events.request.fire(
            request_type=kind,
            name=name,
            response_time=ms,
            response_length=0,
            exception=error,
            context={},
        )

    def _request_ended(
        self, request_type: str, response_time: float, exception: Exception | None, **_: Any
    ) -> None:
        if request_type == CHECK:
            return
        kind = request_type if request_type in KINDS else HTTP
        if exception is not None:
            super().failed(kind, "", exception)
        else:
            super().succeeded(kind, "", response_time / 1000)


def _add(stats: RequestStats, method: str, name: str, at: int, counts: dict[float, int]) -> None:
    """Add what happened in the second `at` to a row of Locust's statistics.

    Locust's total, "Aggregated", leaves these rows out: they would outnumber everything else.
    """
    entry = StatsEntry(stats, name, method)
    entry.start_time = entry.last_request_timestamp = at
    entry.num_requests = entry.num_reqs_per_sec[at] = sum(counts.values())
    entry.total_response_time = round(sum(ms * count for ms, count in counts.items()))
    entry.max_response_time = round(max(counts))
    entry.min_response_time = round(min(counts))
    for ms, count in counts.items():
        entry.response_times[bucket_response_time(ms)] += count
    stats.entries[name, method].extend(entry)


_current: "AsyncResult[LoadRun]" = AsyncResult()


def current() -> LoadRun:
    """Return the run of this process. On a Locust worker, wait until the plan has arrived."""
    run: LoadRun = _current.get(timeout=PLAN_TIMEOUT_SECONDS)
    return run


def set_current(run: LoadRun) -> None:
    _current.set(run)
