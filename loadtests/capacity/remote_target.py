"""A deployment elsewhere, loaded by Locust: each step is a separate run of `loadtests.load`.

The C load client supports neither TLS nor host names. Locust supports both, in any number of
processes, but uses ten times as much CPU. So each step checks whether its generator was the
bottleneck.
"""

import subprocess
import sys
from argparse import Namespace
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path
from statistics import median

from loadtests.capacity.criteria import SECONDS_BETWEEN_MESSAGES, MeasuredLoad
from loadtests.lib import exit_codes
from loadtests.lib.measurements.limits import RunLimits, bottleneck
from loadtests.lib.measurements.series import DELIVER, SEND, Second, Series
from loadtests.lib.monitoring import time_series
from loadtests.lib.monitoring.time_series import Samples
from loadtests.lib.reporting.numbers import MIB
from loadtests.lib.servers.process import ROOT, ServerError

STEP_SECONDS = 40.0
SHAPE = "soak"
RAMP_UP_SHARE = 0.3  # the share of a step in which users still connect; this part is not judged


class RemoteTarget:
    def __init__(self, options: Namespace, folder: Path) -> None:
        self._options, self._folder = options, folder
        self._steps, self._users = 0, 0
        self.replicas = 1  # the number of replicas that the last step found

    def measure_connections(self, amount: float) -> MeasuredLoad:
        self._users = int(amount)
        return self.measure_messages(amount / SECONDS_BETWEEN_MESSAGES)

    def measure_messages(self, rate: float) -> MeasuredLoad:
        self._steps += 1
        folder = self._folder / f"step-{self._steps:02}"
        # A missed limit (1) and a slow generator (3) are results, which are judged here.
        if subprocess.run(self._command(folder, rate), cwd=ROOT).returncode == exit_codes.NOT_RUN:
            raise ServerError("The load could not be run; the lines above say why.")
        series, samples = Series.read(folder / "series.json"), Samples()
        with suppress(FileNotFoundError):
            samples = time_series.read(folder / "samples.jsonl")
        self.replicas = max((len(one.connections) for one in settled(series)), default=1) or 1
        return step_of(series, samples, rate)

    def reduce_to(self, connections: float) -> None:
        self._users = int(connections)

    def _command(self, folder: Path, rate: float) -> list[str]:
        options = self._options
        command = [sys.executable, "-m", "loadtests.load", "--host", options.host, "--out"]
        command += [str(folder), "--shape", SHAPE, "--seconds", f"{STEP_SECONDS:g}"]
        command += ["--users", f"{self._users}", "--rate", f"{rate:g}"]
        command += ["--sessions", str(options.sessions), "--workers", str(options.workers)]
        return [*command, "--metrics", *options.metrics] if options.metrics else command


def settled(series: Series) -> list[Second]:
    """Return the seconds in which all users were connected, except the last, incomplete second."""
    seconds = series.in_order()
    return seconds[int(len(seconds) * RAMP_UP_SHARE) : -1]


def step_of(series: Series, samples: Samples, rate: float) -> MeasuredLoad:
    """Return what a run measured once all users were connected."""
    seen = Series(series.facts, {one.at: one for one in settled(series)})
    total, length = seen.total(), max(1, len(seen.seconds))
    limits = RunLimits(**series.facts.get("limits", {}))
    deliver = total.latency(DELIVER)
    errors = total.order_errors.total() + total.failures.total()
    since = min(seen.seconds, default=0) - samples.began_at
    generators = [one.cpu_percent for s in seen.seconds.values() for one in s.generators.values()]
    connections = [one.connections.total() for one in seen.seconds.values()]
    return MeasuredLoad(
        connections=int(median(connections or [0])),
        messages_per_second=rate,
        acked_per_second=total.latency(SEND).count / length,
        deliveries_per_second=deliver.count / length,
        delivery_p99_ms=deliver.percentile_ms(99) or 0.0,
        cpu_percent=_worst(samples, "process_cpu_seconds_total", 100.0, since, rates=True),
        memory_mib=_worst(samples, "process_resident_memory_bytes", 1 / MIB, since),
        errors=errors + (deliver.count == 0),  # a step without deliveries proves nothing
        generator_percent=max(generators, default=0.0),
        generator_late=bottleneck(seen, limits),
        random_seconds=float(length),
    )


def _worst(
    samples: Samples, measure: str, factor: float, since: float, *, rates: bool = False
) -> float | None:
    """Return the highest of the replicas' medians over time; None if no replica has values."""
    found = [
        [v for at, v in (samples.rates if rates else samples.values)(part, measure) if at > since]
        for part in _replicas(samples)
    ]
    return max((median(values) * factor for values in found if values), default=None)


def _replicas(samples: Samples) -> Sequence[str]:
    return [part for part in samples.parts() if samples.values(part, "hubbub_connections")]
