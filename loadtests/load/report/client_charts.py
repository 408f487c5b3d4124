"""Charts of what users experienced: deliveries, sends, connections, faults, and the generator."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from functools import partial

from loadtests.lib.measurements.limits import RunLimits
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
from loadtests.lib.reporting.charts import Chart, Line
from loadtests.load.report.run_windows import RunWindow

PERCENTILES = {"p50": 50.0, "p99": 99.0, "p99.9": 99.9, "max": 100.0}
Windows = Sequence[RunWindow]
Value = Callable[[RunWindow], float | None]


def charts(seen: Windows, limits: RunLimits) -> Iterator[Chart]:
    note = "From the sender's write to the receipt by each other user; of all deliveries."
    yield _latency("DELIVER: from send to receipt", seen, DELIVER, limits.deliver_ms, note)
    note = "From the command to its answer: by then the message is committed."
    yield _latency("SEND: answered ok", seen, SEND, limits.send_ms, note)
    note = "Logarithmic: one send is delivered to each other user in the room."
    rates = _lines(seen, {f"{kind.lower()}s": partial(_rate, kind) for kind in (SEND, DELIVER)})
    yield Chart("Sends and deliveries", "each second", rates, note, logarithmic=True)
    yield Chart(
        "Users and connections by replica", "", _connections(seen), "As the users see them."
    )
    note = "Each is a failure of the run."
    found = _lines(seen, {kind: partial(_order_errors, kind) for kind in ORDER_ERRORS})
    yield Chart("Gaps, duplicates, out of order", "each second", found, note)
    note = "No answer or a wrong one. A lost connection that is restored in time is no failure."
    yield Chart("Failures", "each second", _failures(seen), note)
    yield _latency("CONNECT: until welcome", seen, CONNECT, limits.connect_ms)
    note = "From the loss of a connection until all rooms are complete again."
    yield _latency("RESUME: live again after a loss", seen, RESUME, limits.resume_ms, note)
    note = "Locust's own report lists them by name."
    yield _latency("HTTP: all requests", seen, HTTP, None, note)
    yield _latency("COMMAND: all but sends", seen, COMMAND, None)
    limit, used = limits.generator_cpu_percent, _generators(seen, "cpu_percent")
    yield Chart("Generator: CPU of each process", "% of a core", used, limit=limit)
    note = "The worst lag; it is part of every latency above."
    limit, lag = limits.generator_lag_ms, _generators(seen, "lag_ms")
    yield Chart("Generator: lag of its event loop", "ms", lag, note, limit=limit)


def _lines(seen: Windows, values: Mapping[str, Value]) -> list[Line]:
    """Return a line for each value. Windows that do not have the value are left out."""
    found = {label: [(one.at, value(one)) for one in seen] for label, value in values.items()}
    return [
        Line(label, [(at, number) for at, number in points if number is not None])
        for label, points in found.items()
    ]


def _latency(title: str, seen: Windows, kind: str, limit: float | None, note: str = "") -> Chart:
    values = {name: partial(_percentile, kind, percent) for name, percent in PERCENTILES.items()}
    return Chart(title, "ms", _lines(seen, values), note, logarithmic=True, limit=limit)


def _failures(seen: Windows) -> list[Line]:
    kinds = [kind for kind in KINDS if any(one.total.failures[kind] for one in seen)]
    lost = {"connections lost": lambda one: one.total.lost / one.seconds}
    return _lines(seen, {kind: partial(_failed, kind) for kind in kinds} | lost)


def _connections(seen: Windows) -> list[Line]:
    replicas = sorted({name for one in seen for name in one.total.connections})
    users = Line("users", [(one.at, float(one.total.users)) for one in seen], dashed=True)
    return [users, *_lines(seen, {name: partial(_connected, name) for name in replicas})]


def _generators(seen: Windows, measure: str) -> list[Line]:
    names = sorted({name for one in seen for name in one.total.generators})
    return _lines(seen, {name: partial(_generator, name, measure) for name in names})


def _percentile(kind: str, percent: float, one: RunWindow) -> float | None:
    measured = one.total.latencies.get(kind)
    return measured.percentile_ms(percent) if measured else None


def _rate(kind: str, one: RunWindow) -> float | None:
    return one.total.latency(kind).count / one.seconds or None


def _order_errors(kind: str, one: RunWindow) -> float:
    return one.total.order_errors[kind] / one.seconds


def _failed(kind: str, one: RunWindow) -> float:
    return one.total.failures[kind] / one.seconds


def _connected(replica: str, one: RunWindow) -> float:
    return float(one.total.connections[replica])


def _generator(name: str, measure: str, one: RunWindow) -> float | None:
    value: float | None = getattr(one.total.generators.get(name), measure, None)
    return value
