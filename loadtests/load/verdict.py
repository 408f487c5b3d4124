"""Judges whether a run met its limits: turns a series into rows and an exit status. Pure.

Lost, duplicated and reordered events always count. Latencies and failures say something about the
server only if the generator kept up. If it did not, they are "not judged", and the run has an exit
status of its own.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from loadtests.lib import exit_codes
from loadtests.lib.measurements.limits import RunLimits, bottleneck
from loadtests.lib.measurements.series import (
    CONNECT,
    DELIVER,
    ORDER_ERRORS,
    RESUME,
    SEND,
    Second,
    Series,
)
from loadtests.shapes import SHAPES

MET, MISSED, NOT_JUDGED = "met", "missed", "not judged"
JUDGED_PERCENTILE = 99
# Locust workers report every 3 seconds. A Locust worker that was silent for this long before the
# end of the run has died.
WORKER_SILENT_SECONDS = 10


@dataclass(frozen=True, slots=True)
class LimitResult:
    name: str
    measured: str
    limit: str
    verdict: str


def judge(series: Series, limits: RunLimits) -> list[LimitResult]:
    """Return a row for each limit, in the order in which they are printed."""
    total, judged = series.total(), not bottleneck(series, limits)
    rows = [*_actions(series), *_workers(series)]
    rows += [_order_errors(total, kind) for kind in ORDER_ERRORS]
    for kind, limit_ms in (
        (CONNECT, limits.connect_ms),
        (SEND, limits.send_ms),
        (DELIVER, limits.deliver_ms),
        (RESUME, limits.resume_ms),
    ):
        required = kind != RESUME or _drops_connections(series)
        rows.append(_latency(total, kind, limit_ms, required=required, judged=judged))
    return [*rows, _failures(total, limits, judged=judged)]


def exit_status(rows: Sequence[LimitResult]) -> int:
    verdicts = {row.verdict for row in rows}
    if MISSED in verdicts:
        return exit_codes.FAILED
    return exit_codes.GENERATOR_LIMITED if NOT_JUDGED in verdicts else exit_codes.PASSED


def table(rows: Sequence[LimitResult]) -> str:
    lines = [f"{'':<22}{'measured':>16}{'limit':>16}  "]
    lines += [f"{row.name:<22}{row.measured:>16}{row.limit:>16}  {row.verdict}" for row in rows]
    return "\n".join(lines)


def generator_sentence(series: Series, delivery_us: float) -> str:
    """Return how close the generator was to its own capacity in the busiest second.

    `delivery_us` is what `generator_capacity` measured on this machine for deliveries alone. Pages,
    sends and sign-ins use the same core, so this capacity is an upper bound.
    """
    seconds = [second for second in series.seconds.values() if second.generators]
    if not seconds:
        return "The generator was not measured."
    busiest = max(seconds, key=_deliveries_per_process)
    cpu = max(one.cpu_percent for second in seconds for one in second.generators.values())
    lag = max(one.lag_ms for second in seconds for one in second.generators.values())
    used = (
        f"In its busiest second each of {len(busiest.generators)} processes received "
        f"{_deliveries_per_process(busiest):.0f}; at most {cpu:.0f} % of a core was used and the "
        f"loop was {lag:.0f} ms late."
    )
    if not delivery_us:
        return used
    return (
        f"A generator process can receive at most about {1e6 / delivery_us:.0f} deliveries a "
        f"second here ({delivery_us:.0f} µs of CPU each). {used}"
    )


def _actions(series: Series) -> Iterator[LimitResult]:
    """Yield a row if an action of the shape failed."""
    if failed := [one for one in series.annotations if one.failed]:
        yield LimitResult("actions that failed", f"{len(failed)}", "0", MISSED)


def _workers(series: Series) -> Iterator[LimitResult]:
    """If the run has several Locust workers, yield a row with the number that ran to the end."""
    expected = int(series.facts.get("workers", 1))
    if expected == 1:
        return
    last_at: dict[str, int] = {}
    for second in series.in_order():
        last_at |= dict.fromkeys(second.generators, second.at)
    end = max(last_at.values(), default=0)
    alive = sum(at >= end - WORKER_SILENT_SECONDS for at in last_at.values())
    yield LimitResult("workers", f"{alive}", f"{expected}", MET if alive >= expected else MISSED)


def _drops_connections(series: Series) -> bool:
    shape = SHAPES.get(series.facts.get("shape", ""))
    return shape is not None and bool(shape(1, 1.0).schedule())


def _order_errors(total: Second, kind: str) -> LimitResult:
    count = total.order_errors[kind]
    # If nothing was checked, a count of zero errors proves nothing.
    verdict = MET if count == 0 and total.checked else MISSED
    return LimitResult(kind, f"{count}", "0", verdict)


def _latency(
    total: Second, kind: str, limit_ms: float, *, required: bool, judged: bool
) -> LimitResult:
    p99 = total.latency(kind).percentile_ms(JUDGED_PERCENTILE)
    name, limit = f"{kind} p{JUDGED_PERCENTILE}", f"{limit_ms:g} ms"
    if p99 is None:
        # Nothing of this kind was measured. If the kind is required, the run proves nothing. Every
        # run must send and deliver, and clients must resume if the shape drops connections.
        return LimitResult(name, "none", limit, MISSED if required else MET)
    return LimitResult(name, f"{p99:.1f} ms", limit, _verdict(p99 <= limit_ms, judged))


def _failures(total: Second, limits: RunLimits, *, judged: bool) -> LimitResult:
    failed = sum(total.failures.values())
    tried = failed + sum(one.count for kind, one in total.latencies.items() if kind != DELIVER)
    percent = 100 * failed / tried if tried else 0.0
    verdict = _verdict(percent <= limits.failures_percent, judged)
    return LimitResult(
        "failures", f"{failed} ({percent:.2f} %)", f"{limits.failures_percent:g} %", verdict
    )


def _verdict(met: bool, judged: bool) -> str:
    if not judged:
        return NOT_JUDGED
    return MET if met else MISSED


def _deliveries_per_process(second: Second) -> float:
    return second.latency(DELIVER).count / len(second.generators)
