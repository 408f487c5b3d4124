"""What a replay comes to: its lines for people, and its exit status. Pure."""

from collections.abc import Iterator

from loadtests.lib import exit_codes
from loadtests.lib.checker import format_violations
from loadtests.load.histogram import Histogram
from loadtests.load.run_series import KINDS
from loadtests.replay.results import LATE_MS, Book
from loadtests.replay.traffic import Traffic


def status(book: Book) -> int:
    """Return the exit status: a fault is one whether or not the player was late."""
    if book.faults or book.series.total().failures:
        return exit_codes.FAILED
    return exit_codes.GENERATOR_LIMITED if book.player_was_late else exit_codes.PASSED


def lines(book: Book, traffic: Traffic, speed: float) -> Iterator[str]:
    total = book.series.total()
    yield (
        f"Played {traffic.seconds:.0f} s of {traffic.name} at {speed:g}x: "
        f"{len(traffic.people)} people, {len(traffic.rooms)} rooms, "
        f"{traffic.count('send')} messages"
    )
    for kind in KINDS:
        if kind in total.latencies:
            yield f"{kind:8}{_times(total.latencies[kind])}"
    yield f"{'late':8}{_times(book.late)}"
    yield (
        f"{total.checked} events checked, {len(book.faults)} faults, "
        f"{total.caught_up} messages caught up after being away"
    )
    for name, counts in (("refused", book.refused), ("left out", book.skipped)):
        if counts:
            told = ", ".join(f"{count} {kind}" for kind, count in sorted(counts.items()))
            yield f"{name}: {told}"
    for kind, count in sorted(total.failures.items()):
        yield f"failed: {count} {kind}"
    if book.faults:
        yield format_violations(book.faults)
    if book.player_was_late:
        yield (
            f"The player was the limit: one act in a hundred began more than {LATE_MS:.0f} ms "
            "late. These are no figures of the server's: play it more slowly."
        )


def _times(histogram: Histogram) -> str:
    p50, p99 = (histogram.percentile_ms(percent) or 0.0 for percent in (50, 99))
    most = histogram.max_us / 1_000
    return f"{histogram.count:8} times, p50 {p50:.1f} ms, p99 {p99:.1f} ms, max {most:.1f} ms"
