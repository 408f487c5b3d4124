"""Whether the load generator itself limited a run, so that its latencies mean nothing. Pure."""

from collections import Counter

from loadtests.lib.measurements.limits import RunLimits
from loadtests.lib.measurements.series import Series

# The generator was the bottleneck when it exceeded its bounds in more than this share of the
# seconds: one late moment does not count, and a 99th percentile tolerates no more than this.
BUSY_PERCENT = 5


def bottleneck(series: Series, limits: RunLimits) -> str:
    """Return a sentence if a process of the generator was the limit, else an empty string."""
    seconds, busy, late = Counter[str](), Counter[str](), Counter[str]()
    for second in series.seconds.values():
        for name, generator in second.generators.items():
            seconds[name] += 1
            busy[name] += generator.cpu_percent > limits.generator_cpu_percent
            late[name] += generator.lag_ms > limits.generator_lag_ms
    for name, count in sorted(seconds.items()):
        for exceeded, bound in (
            (busy, f"used more than {limits.generator_cpu_percent:g} % of a core"),
            (late, f"was more than {limits.generator_lag_ms:g} ms late"),
        ):
            if exceeded[name] * 100 > count * BUSY_PERCENT:
                return (
                    f"The generator was the bottleneck: {name} {bound} in {exceeded[name]} of "
                    f"{count} s. Use more processes (--workers) or machines, or a smaller load."
                )
    return ""
