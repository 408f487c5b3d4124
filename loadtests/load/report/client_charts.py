"""Charts of what users experienced: deliveries, sends, connections, faults, and the generator."""

from collections.abc import Iterator, Sequence
from functools import partial

from loadtests.lib.measurements.limits import Limits
from loadtests.lib.measurements.series import (
    COMMAND,
    CONNECT,
    DELIVER,
    HTTP,
    KINDS,
    ORDER_ERRORS,
    RESUME,
    SEND,
)
from loadtests.lib.monitoring.time_series import Points
from loadtests.lib.reporting.charts import Chart, Line
from loadtests.load.report.windows import Window, points

PERCENTILES = {"p50": 50.0, "p99": 99.0, "p99.9": 99.9, "max": 100.0}


def charts(seen: Sequence[Window], limits: Limits) -> Iterator[Chart]:
    note = "From the sender's write to the receipt by each other user; of all deliveries."
    yield _latency("DELIVER: from send to receipt", seen, DELIVER, limits.deliver_ms, note)
    note = "From the command to its answer: by then the message is committed."
    yield _latency("SEND: answered ok", seen, SEND, limits.send_ms, note)
    yield Chart(
        "Sends and deliveries",
        "each second",
        [
            Line(f"{kind.lower()}s", points(seen, partial(_rate, kind=kind)))
            for kind in (SEND, DELIVER)
        ],
        "Logarithmic: one send is delivered to each other user in the room.",
        logarithmic=True,
    )
    note = "As the users see them."
    yield Chart("Users and connections by replica", "", _connections(seen), note)
    yield Chart(
        "Gaps, duplicates, out of order",
        "each second",
        [Line(kind, points(seen, partial(_count, kind=kind))) for kind in ORDER_ERRORS],
        "Each is a failure of the run.",
    )
    note = "No answer or a wrong one. A lost connection that is restored in time is no failure."
    yield Chart("Failures", "each second", _failures(seen), note)
    yield _latency("CONNECT: until welcome", seen, CONNECT, limits.connect_ms)
    note = "From the loss of a connection until all rooms are complete again."
    yield _latency("RESUME: live again after a loss", seen, RESUME, limits.resume_ms, note)
    yield _latency(
        "HTTP: all requests", seen, HTTP, None, "Locust's own report lists them by name."
    )
    yield _latency("COMMAND: all but sends", seen, COMMAND, None)
    yield Chart(
        "Generator: CPU of each process",
        "% of a core",
        _generators(seen, "cpu_percent"),
        limit=limits.generator_cpu_percent,
    )
    yield Chart(
        "Generator: lag of its event loop",
        "ms",
        _generators(seen, "lag_ms"),
        "The worst lag; it is part of every latency above.",
        limit=limits.generator_lag_ms,
    )


def _latency(
    title: str, seen: Sequence[Window], kind: str, limit: float | None, note: str = ""
) -> Chart:
    lines = [
        Line(name, points(seen, partial(_percentile, kind=kind, percent=percent)))
        for name, percent in PERCENTILES.items()
    ]
    return Chart(title, "ms", lines, note, logarithmic=True, limit=limit)


def _percentile(window: Window, kind: str, percent: float) -> float | None:
    measured = window.total.latencies.get(kind)
    return measured.percentile_ms(percent) if measured else None


def _rate(window: Window, kind: str) -> float | None:
    measured = window.total.latencies.get(kind)
    return measured.count / window.seconds if measured and measured.count else None


def _count(window: Window, kind: str) -> float:
    return window.total.order_errors.get(kind, 0) / window.seconds


def _failures(seen: Sequence[Window]) -> list[Line]:
    lines = [
        Line(kind, points(seen, partial(_failed, kind=kind)))
        for kind in KINDS
        if any(one.total.failures.get(kind) for one in seen)
    ]
    return [
        *lines,
        Line("connections lost", points(seen, lambda one: one.total.lost / one.seconds)),
    ]


def _failed(window: Window, kind: str) -> float:
    return window.total.failures.get(kind, 0) / window.seconds


def _connections(seen: Sequence[Window]) -> list[Line]:
    replicas = sorted({name for window in seen for name in window.total.connections})
    users = Line("users", points(seen, lambda one: float(one.total.users)), dashed=True)
    return [users, *(Line(name, _connections_of(seen, name)) for name in replicas)]


def _connections_of(seen: Sequence[Window], replica: str) -> Points:
    return points(seen, lambda one: float(one.total.connections.get(replica, 0)))


def _generators(seen: Sequence[Window], measure: str) -> list[Line]:
    names = sorted({name for window in seen for name in window.total.generators})
    return [
        Line(
            name,
            [
                (window.at, getattr(window.total.generators[name], measure))
                for window in seen
                if name in window.total.generators
            ],
        )
        for name in names
    ]
