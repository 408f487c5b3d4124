"""Charts of the server metrics that `loadtests.lib.monitoring` sampled during the run.

Processes on this machine are measured through the kernel, others through their own /metrics. What
could not be measured has no line, but the page names it.
"""

from collections.abc import Iterator, Sequence

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
POSTGRES = {
    "connections": "open",
    "active": "active",
    "idle_in_transaction": "idle in transaction",
}
REDIS_TRAFFIC = {"bytes_out": "out", "bytes_in": "in"}
TITLES = {"commits": "Postgres: transactions", "commands": "Redis: commands"}


def charts(samples: Samples) -> Iterator[Chart]:
    everything = samples.parts()
    cpu = [_line(part, _cpu(samples, part), 100) for part in everything]
    yield Chart("CPU", "% of a core", cpu, "Each with all its processes.")
    note = "Resident memory; for Postgres without the buffers that its processes share."
    memory = [_line(part, _memory(samples, part), 1 / MIB) for part in everything]
    yield Chart("Memory", "MiB", memory, note)
    yield from _replicas(samples, samples.parts("realtime-") or everything)
    requests = _p99(samples, samples.parts("web-"), "hubbub_http_request_seconds")
    yield Chart("Web: requests, p99", "ms", requests)
    open_now = [Line(text, samples.values("postgres", name)) for name, text in POSTGRES.items()]
    yield Chart("Postgres: connections", "", open_now)
    for store, counter in (("postgres", "commits"), ("redis", "commands")):
        title = TITLES[counter]
        yield Chart(title, "each second", [Line(counter, samples.rates(store, counter))])
    traffic = [
        _line(text, samples.rates("redis", name), 1 / MIB) for name, text in REDIS_TRAFFIC.items()
    ]
    yield Chart("Redis: traffic", "MiB each second", traffic)


def _replicas(samples: Samples, replicas: Sequence[str]) -> Iterator[Chart]:
    stall = "hubbub_loop_stall_seconds:10"
    stalls = [_line(part, samples.values(part, stall), 1e3) for part in replicas]
    yield Chart("Replicas: longest loop stall", "ms", stalls, "In the ten seconds before.")
    for title, histogram, note in (
        ("loop lag", "hubbub_loop_lag_seconds", ""),
        ("fan-out", "hubbub_fan_out_seconds", "From the commit to the last local socket."),
        ("group commits", "hubbub_send_batch_seconds", ""),
    ):
        yield Chart(f"Replicas: {title}, p99", "ms", _p99(samples, replicas, histogram), note)
    connections = [Line(part, samples.values(part, "hubbub_connections")) for part in replicas]
    yield Chart("Connections by replica", "", connections, "As the replicas count them.")


def counted(samples: Samples) -> Iterator[tuple[str, dict[str, float]]]:
    """Yield what each counter means, and how much the counter grew in each part that has it."""
    for counter, meaning in COUNTERS.items():
        seen = {part: samples.values(part, counter) for part in samples.parts()}
        if any(seen.values()):
            grown = {part: gained(values) for part, values in seen.items()}
            yield meaning, {part: count for part, count in grown.items() if count}


def _cpu(samples: Samples, part: str) -> Points:
    return samples.rates(part, "cpu_seconds") or samples.rates(part, "process_cpu_seconds_total")


def _memory(samples: Samples, part: str) -> Points:
    here = "anonymous_bytes" if part == "postgres" else "resident_bytes"
    return samples.values(part, here) or samples.values(part, "process_resident_memory_bytes")


def _p99(samples: Samples, parts: Sequence[str], histogram: str) -> list[Line]:
    return [_line(part, samples.quantiles(part, histogram, 0.99), 1e3) for part in parts]


def _line(label: str, points: Points, factor: float) -> Line:
    return Line(label, [(at, factor * value) for at, value in points])
