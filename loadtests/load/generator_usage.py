"""What the generator used of itself, in a sentence: how far from its own limit a run was. Pure.

The limit is what `ceiling` measured before the run on this machine: deliveries alone, read, checked
and measured. Pages, sends and sign-ins come out of the same core, so it is an upper bound.
"""

from loadtests.load.run_series import DELIVER, Second, Series


def sentence(series: Series, ceiling_us: float) -> str:
    """Return the limit of one process, and what the busiest second asked of each."""
    seconds = [second for second in series.seconds.values() if second.generators]
    if not seconds:
        return "The generator was not measured."
    busiest = max(seconds, key=_deliveries_each)
    cpu = max(one.cpu_percent for second in seconds for one in second.generators.values())
    lag = max(one.lag_ms for second in seconds for one in second.generators.values())
    used = (
        f"its busiest second had {_deliveries_each(busiest):.0f} for each of "
        f"{len(busiest.generators)}, {cpu:.0f} % of a core and {lag:.0f} ms late at the most"
    )
    if not ceiling_us:
        return f"Of the generator's processes {used}."
    return (
        f"One process of the generator reads at most about {1e6 / ceiling_us:.0f} deliveries a "
        f"second here ({ceiling_us:.0f} µs of CPU each); {used}."
    )


def _deliveries_each(second: Second) -> float:
    return second.latency(DELIVER).count / len(second.generators)
