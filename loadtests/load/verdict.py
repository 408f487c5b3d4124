"""Did the run keep what it had to? Pure: a series and limits in, rows and an exit status out.

What was lost, doubled or out of order is judged always. Latencies and failures are the server's
only while the generator kept up: where it did not, they are "not judged", with a status of its own.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from loadtests.lib import exit_codes
from loadtests.load.plan import Limits
from loadtests.load.run_series import CONNECT, DELIVER, FAULTS, RESUME, SEND, Second, Series
from loadtests.shapes import SHAPES

MET, MISSED, NOT_JUDGED = "met", "missed", "not judged"
JUDGED_PERCENTILE = 99
# A generator is the bottleneck when it was over its bounds in more than so many of the seconds:
# one late moment is not a limit, and a percentile of 99 % forgives no more.
BUSY_PERCENT = 5
# One that says nothing for so long before the end has died: workers report every three seconds.
WORKER_SILENT_SECONDS = 10


@dataclass(frozen=True, slots=True)
class Row:
    what: str
    measured: str
    limit: str
    verdict: str


def judge(series: Series, limits: Limits) -> list[Row]:
    """Return a row for each limit, in the order in which they are printed."""
    total, slow = series.total(), bottleneck(series, limits)
    rows = [*_deeds(series), *_workers(series), *(_faults(total, kind) for kind in FAULTS)]
    for kind, most_ms in (
        (CONNECT, limits.connect_ms),
        (SEND, limits.send_ms),
        (DELIVER, limits.deliver_ms),
        (RESUME, limits.resume_ms),
    ):
        needed = kind != RESUME or _drops_sockets(series)
        rows.append(_latency(total, kind, most_ms, needed=needed, judged=not slow))
    return [*rows, _failures(total, limits, judged=not slow)]


def exit_status(rows: Sequence[Row]) -> int:
    verdicts = {row.verdict for row in rows}
    if MISSED in verdicts:
        return exit_codes.FAILED
    return exit_codes.GENERATOR_LIMITED if NOT_JUDGED in verdicts else exit_codes.PASSED


def bottleneck(series: Series, limits: Limits) -> str:
    """Return a sentence where a process of the generator was the limit, else nothing."""
    seconds: dict[str, int] = {}
    busy: dict[str, int] = {}
    late: dict[str, int] = {}
    for second in series.seconds.values():
        for name, generator in second.generators.items():
            seconds[name] = seconds.get(name, 0) + 1
            over_cpu = generator.cpu_percent > limits.generator_cpu_percent
            over_lag = generator.lag_ms > limits.generator_lag_ms
            busy[name] = busy.get(name, 0) + over_cpu
            late[name] = late.get(name, 0) + over_lag
    for name, count in sorted(seconds.items()):
        for over, bound in (
            (busy, f"used more than {limits.generator_cpu_percent:g} % of a core"),
            (late, f"was more than {limits.generator_lag_ms:g} ms late"),
        ):
            if over[name] * 100 > count * BUSY_PERCENT:
                return (
                    f"The generator was the bottleneck: {name} {bound} in {over[name]} of "
                    f"{count} s. Give it more processes (--workers) or machines, or ask for less."
                )
    return ""


def table(rows: Sequence[Row]) -> str:
    lines = [f"{'':<22}{'measured':>16}{'limit':>16}  "]
    lines += [f"{row.what:<22}{row.measured:>16}{row.limit:>16}  {row.verdict}" for row in rows]
    return "\n".join(lines)


def _deeds(series: Series) -> Iterator[Row]:
    """Yield a row where something that was to be done to everybody was not."""
    if failed := [mark for mark in series.marks if mark.failed]:
        yield Row("deeds that failed", f"{len(failed)}", "0", MISSED)


def _workers(series: Series) -> Iterator[Row]:
    """Yield a row for the workers of a run that has several: how many played to its end."""
    expected = int(series.facts.get("workers", 1))
    if expected == 1:
        return
    last_at: dict[str, int] = {}
    for second in series.in_order():
        last_at |= dict.fromkeys(second.generators, second.at)
    end = max(last_at.values(), default=0)
    stayed = sum(at >= end - WORKER_SILENT_SECONDS for at in last_at.values())
    yield Row("workers", f"{stayed}", f"{expected}", MET if stayed >= expected else MISSED)


def _drops_sockets(series: Series) -> bool:
    shape = SHAPES.get(series.facts.get("shape", ""))
    return shape is not None and bool(shape(1, 1.0).moments())


def _faults(total: Second, kind: str) -> Row:
    count = total.faults.get(kind, 0)
    # With nothing checked, none is no result.
    verdict = MET if count == 0 and total.checked else MISSED
    return Row(f"{kind}s", f"{count}", "0", verdict)


def _latency(total: Second, kind: str, most_ms: float, *, needed: bool, judged: bool) -> Row:
    p99 = total.latency(kind).percentile_ms(JUDGED_PERCENTILE)
    what, limit = f"{kind} p{JUDGED_PERCENTILE}", f"{most_ms:g} ms"
    if p99 is None:
        # A run in which nobody spoke or heard shows nothing; nor does one whose shape drops
        # sockets, and nobody came back.
        return Row(what, "none", limit, MISSED if needed else MET)
    return Row(what, f"{p99:.1f} ms", limit, _verdict(p99 <= most_ms, judged))


def _failures(total: Second, limits: Limits, *, judged: bool) -> Row:
    failed = sum(total.failures.values())
    tried = failed + sum(one.count for kind, one in total.latencies.items() if kind != DELIVER)
    percent = 100 * failed / tried if tried else 0.0
    verdict = _verdict(percent <= limits.failures_percent, judged)
    return Row("failures", f"{failed} ({percent:.2f} %)", f"{limits.failures_percent:g} %", verdict)


def _verdict(kept: bool, judged: bool) -> str:
    if not judged:
        return NOT_JUDGED
    return MET if kept else MISSED
