"""The limits that a run must not exceed, and whether its own generator exceeded them. Pure.

If the load generator was the bottleneck, the latencies of a run mean nothing.
"""

from collections import defaultdict
from dataclasses import dataclass

from loadtests.lib.measurements.series import GeneratorUsage, Series

# The generator was the bottleneck if it exceeded one of its bounds in more than this share of the
# seconds. A few busy or late seconds do not invalidate a run.
BUSY_PERCENT = 5


@dataclass(slots=True)
class RunLimits:
    """The limits of a run. Latencies are 99th percentiles in milliseconds."""

    connect_ms: float = 1_000
    send_ms: float = 250
    deliver_ms: float = 250
    resume_ms: float = 3_000
    failures_percent: float = 0.1
    generator_cpu_percent: float = 90
    # The lag of the generator's event loop is part of every latency, so it may be at most a fifth
    # of the tightest limit.
    generator_lag_ms: float = 50


def bottleneck(series: Series, limits: RunLimits) -> str:
    """Return a sentence that names the process of the generator that was the bottleneck.

    The sentence is empty if none was.
    """
    usages: defaultdict[str, list[GeneratorUsage]] = defaultdict(list)
    for second in series.seconds.values():
        for name, usage in second.generators.items():
            usages[name].append(usage)
    for name, seen in sorted(usages.items()):
        busy = sum(one.cpu_percent > limits.generator_cpu_percent for one in seen)
        late = sum(one.lag_ms > limits.generator_lag_ms for one in seen)
        for exceeded, bound in (
            (busy, f"used more than {limits.generator_cpu_percent:g} % of a core"),
            (late, f"was more than {limits.generator_lag_ms:g} ms late"),
        ):
            if exceeded * 100 > len(seen) * BUSY_PERCENT:
                return (
                    f"The generator was the bottleneck: {name} {bound} in {exceeded} of "
                    f"{len(seen)} s. Use more processes (--workers) or machines, or a smaller load."
                )
    return ""
