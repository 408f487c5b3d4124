"""Turns the results of a replay into lines for people and an exit status. Pure."""

from collections.abc import Iterator

from loadtests.lib import exit_codes
from loadtests.lib.checker import format_violations
from loadtests.lib.measurements.histogram import Histogram
from loadtests.lib.measurements.series import KINDS
from loadtests.replay.results import LATE_MS, ReplayResults
from loadtests.replay.traffic import Traffic


def exit_status(results: ReplayResults) -> int:
    """Return the exit status. A violation counts even if the player was late."""
    if results.violations or results.series.total().failures:
        return exit_codes.FAILED
    return exit_codes.GENERATOR_LIMITED if results.player_was_late else exit_codes.PASSED


def lines(results: ReplayResults, traffic: Traffic, speed: float) -> Iterator[str]:
    total = results.series.total()
    yield (
        f"Replayed {traffic.seconds:.0f} s of {traffic.name} at {speed:g}x: "
        f"{len(traffic.users)} users, {len(traffic.rooms)} rooms, "
        f"{traffic.count('send')} messages"
    )
    for kind in KINDS:
        if kind in total.latencies:
            yield f"{kind:8}{_latencies(total.latencies[kind])}"
    yield f"{'late':8}{_latencies(results.late)}"
    yield (
        f"{total.checked} events checked, {len(results.violations)} violations, "
        f"{total.caught_up} messages received after being away"
    )
    for name, counts in (("refused", results.refused), ("skipped", results.skipped)):
        if counts:
            listed = ", ".join(f"{count} {kind}" for kind, count in sorted(counts.items()))
            yield f"{name}: {listed}"
    for kind, count in sorted(total.failures.items()):
        yield f"failed: {count} {kind}"
    if results.violations:
        yield format_violations(results.violations)
    if results.player_was_late:
        yield (
            f"The player was the limit: one action in a hundred started more than {LATE_MS:.0f} ms "
            "late. These figures are not the server's: replay at a lower speed."
        )


def _latencies(histogram: Histogram) -> str:
    p50, p99 = (histogram.percentile_ms(percent) or 0.0 for percent in (50, 99))
    return (
        f"{histogram.count:8} times, p50 {p50:.1f} ms, p99 {p99:.1f} ms, "
        f"max {histogram.max_ms:.1f} ms"
    )
