"""Charts of the server metrics sampled by `loadtests.lib.monitoring` during the run.

Processes on this machine are measured through the kernel, others by their own /metrics. What could
not be measured has no line, but the page names it.
"""

from collections.abc import Callable, Iterator

from loadtests.lib.monitoring.time_series import Points, Samples, gained
from loadtests.lib.reporting.charts import Chart, Line
from loadtests.lib.reporting.numbers import MIB

COUNTERS = {
    "hubbub_deliveries_total": "events written to connections",
    "hubbub_resumes_total": "rooms resumed after a lost connection",
    "hubbub_gaps_repaired_total": "reads of the log for events that the bus did not deliver",
    "hubbub_publishes_dropped_total": "publishes dropped: Redis was too slow, or down",
    "hubbub_bus_lost_seconds_total": "seconds for which the bus was lost",
    "hubbub_drains_total": "drains started",
    "rollbacks": "transactions rolled back",
    "deadlocks": "deadlocks",
    "evicted_keys": "keys evicted",
}


def charts(samples: Samples) -> Iterator[Chart]:
    yield Chart("CPU", "% of a core", _lines(samples, _cpu), "Each with all its processes.")
    note = "Resident memory; for Postgres without the buffers that its processes share."
    yield Chart("Memory", "MiB", _lines(samples, _memory), note)
    yield from _replicas(samples, samples.parts("realtime-") or samples.parts())
    yield Chart(
        "Web: requests, p99",
        "ms",
        _percentiles(samples, samples.parts("web-"), "hubbub_http_request_seconds"),
    )
    yield from _postgres(samples)
    yield from _redis(samples)


def counted(samples: Samples) -> Iterator[tuple[str, dict[str, float]]]:
    """Yield what each counter means, and how much it grew in each part that has it."""
    for counter, meaning in COUNTERS.items():
        seen = {part: samples.values(part, counter) for part in samples.parts()}
        if any(seen.values()):
            grown = {part: gained(values) for part, values in seen.items()}
            yield meaning, {part: count for part, count in grown.items() if count}


def _replicas(samples: Samples, replicas: list[str]) -> Iterator[Chart]:
    stall = "hubbub_loop_stall_seconds:10"
    yield Chart(
        "Replicas: longest loop stall",
        "ms",
        [Line(part, _times(samples.values(part, stall), 1e3)) for part in replicas],
        "In the ten seconds before.",
    )
    for title, histogram, note in (
        ("Replicas: loop lag, p99", "hubbub_loop_lag_seconds", ""),
        (
            "Replicas: fan-out, p99",
            "hubbub_fan_out_seconds",
            "From the commit to the last local socket.",
        ),
        ("Replicas: group commits, p99", "hubbub_send_batch_seconds", ""),
    ):
        yield Chart(title, "ms", _percentiles(samples, replicas, histogram), note)
    yield Chart(
        "Connections by replica",
        "",
        [Line(part, samples.values(part, "hubbub_connections")) for part in replicas],
        "As the replicas count them.",
    )


def _postgres(samples: Samples) -> Iterator[Chart]:
    names = {
        "connections": "open",
        "active": "active",
        "idle_in_transaction": "idle in transaction",
    }
    lines = [Line(text, samples.values("postgres", name)) for name, text in names.items()]
    yield Chart("Postgres: connections", "", lines)
    commits = [Line("commits", samples.rates("postgres", "commits"))]
    yield Chart("Postgres: transactions", "each second", commits)


def _redis(samples: Samples) -> Iterator[Chart]:
    commands = [Line("commands", samples.rates("redis", "commands"))]
    yield Chart("Redis: commands", "each second", commands)
    traffic = [
        Line(text, _times(samples.rates("redis", name), 1 / MIB))
        for name, text in (("bytes_out", "out"), ("bytes_in", "in"))
    ]
    yield Chart("Redis: traffic", "MiB each second", traffic)


def _cpu(samples: Samples, part: str) -> Points:
    seen = samples.rates(part, "cpu_seconds") or samples.rates(part, "process_cpu_seconds_total")
    return _times(seen, 100)


def _memory(samples: Samples, part: str) -> Points:
    here = "anonymous_bytes" if part == "postgres" else "resident_bytes"
    seen = samples.values(part, here) or samples.values(part, "process_resident_memory_bytes")
    return _times(seen, 1 / MIB)


def _lines(samples: Samples, of: Callable[[Samples, str], Points]) -> list[Line]:
    return [Line(part, of(samples, part)) for part in samples.parts()]


def _percentiles(samples: Samples, parts: list[str], histogram: str) -> list[Line]:
    return [Line(part, _times(samples.quantiles(part, histogram, 0.99), 1e3)) for part in parts]


def _times(points: Points, factor: float) -> Points:
    return [(at, factor * value) for at, value in points]
