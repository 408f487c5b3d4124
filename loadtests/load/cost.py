"""What one process of the generator can do at most, reckoned from what this run cost it. Pure.

All CPU of the run is laid on the events that were read: sends, pages and timers are in the price.
So it holds for this run's mix, and is too little where few deliveries came with many pages.
"""

from loadtests.load.series import DELIVER, Series

FEWEST_SECONDS = 5


def sentence(series: Series) -> str:
    """Return in words what the run cost each process, and what one could carry."""
    processes = {name for second in series.seconds.values() for name in second.generators}
    checked = [(_cpu(series, at), second.checked) for at, second in series.seconds.items()]
    frames = sum(count for _, count in checked)
    if len(checked) < FEWEST_SECONDS or not frames or not processes:
        return "Too little was heard to say what the generator can do."
    percent = sum(cpu for cpu, _ in checked)
    us = percent / 100 * 1e6 / frames
    delivered = series.total().latency(DELIVER).count
    return (
        f"{len(processes)} generator process(es) read {frames} events ({delivered} of them "
        f"deliveries) at {us:.0f} µs of CPU each, everything else included: one process "
        f"carries at most about {1e6 / us:.0f} a second of this mix."
    )


def _cpu(series: Series, at: int) -> float:
    return sum(one.cpu_percent for one in series.seconds[at].generators.values())
