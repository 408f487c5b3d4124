"""A place elsewhere, loaded by Locust: each step is a run of `loadtests.load` of its own.

The benchmark's client speaks neither TLS nor to a host by its name. Locust does, in as many
processes as it is told, at ten times the cost; so each step is asked whether its generator was the
bottleneck.
"""

import subprocess
import sys
from argparse import Namespace
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path
from statistics import median

from loadtests.capacity.criteria import Step
from loadtests.capacity.message_rates import TALK_SECONDS
from loadtests.lib import exit_codes
from loadtests.lib.monitoring import time_series as samples_of
from loadtests.lib.monitoring.time_series import Samples
from loadtests.lib.servers.process import ROOT, ServerError
from loadtests.load import verdict
from loadtests.load.plan import Limits
from loadtests.load.run_series import DELIVER, SEND, Second, Series

STEP_SECONDS = 40.0
SHAPE = "soak"
COMING_SHARE = 0.3  # of a step, in which people still come: it is not judged
MIB = 2**20


class Elsewhere:
    def __init__(self, options: Namespace, folder: Path) -> None:
        self._options, self._folder = options, folder
        self._steps, self._there = 0, 0
        self.replicas = 1  # as many as were seen in the last step

    def sockets(self, amount: float) -> Step:
        self._there = int(amount)
        return self.messages(amount / TALK_SECONDS)

    def messages(self, rate: float) -> Step:
        self._steps += 1
        folder = self._folder / f"step-{self._steps:02}"
        # A missed limit (1) and a slow generator (3) are results: what they mean is judged here.
        if subprocess.run(self._command(folder, rate), cwd=ROOT).returncode == exit_codes.NOT_RUN:
            raise ServerError("The load could not be put there; the lines above say why.")
        series, samples = Series.read(folder / "series.json"), Samples()
        with suppress(FileNotFoundError):
            samples = samples_of.read(folder / "samples.jsonl")
        self.replicas = max((len(one.sockets) for one in settled(series)), default=1) or 1
        return step_of(series, samples, rate)

    def keep(self, sockets: float) -> None:
        self._there = int(sockets)

    def _command(self, folder: Path, rate: float) -> list[str]:
        options = self._options
        command = [sys.executable, "-m", "loadtests.load", "--host", options.host, "--out"]
        command += [str(folder), "--shape", SHAPE, "--seconds", f"{STEP_SECONDS:g}"]
        command += ["--users", f"{self._there}", "--rate", f"{rate:g}"]
        command += ["--sessions", str(options.sessions), "--workers", str(options.workers)]
        return [*command, "--metrics", *options.metrics] if options.metrics else command


def settled(series: Series) -> list[Second]:
    """Return the seconds of a run in which everybody was there; its last one is not whole."""
    seconds = series.in_order()
    return seconds[int(len(seconds) * COMING_SHARE) : -1]


def step_of(series: Series, samples: Samples, rate: float) -> Step:
    """Return what a run measured once everybody was there."""
    seen = Series(series.facts, {one.at: one for one in settled(series)})
    total, length = seen.total(), max(1, len(seen.seconds))
    limits = Limits(**series.facts.get("limits", {}))
    deliver = total.latency(DELIVER)
    since = min(seen.seconds, default=0) - samples.began_at
    generators = [one.cpu_percent for s in seen.seconds.values() for one in s.generators.values()]
    return Step(
        sockets=int(median([sum(one.sockets.values()) for one in seen.seconds.values()] or [0])),
        messages_per_second=rate,
        answered_per_second=total.latency(SEND).count / length,
        deliveries_per_second=deliver.count / length,
        deliver_p99_ms=deliver.percentile_ms(99) or 0.0,
        cpu_percent=_worst(samples, "process_cpu_seconds_total", 100.0, since, rates=True),
        memory_mib=_worst(samples, "process_resident_memory_bytes", 1 / MIB, since),
        # With nothing delivered nothing was shown.
        wrong=sum(total.faults.values()) + sum(total.failures.values()) + (deliver.count == 0),
        generator_percent=max(generators, default=0.0),
        generator_late=verdict.bottleneck(seen, limits),
        chance_seconds=float(length),
    )


def _worst(
    samples: Samples, measure: str, factor: float, since: float, *, rates: bool = False
) -> float | None:
    """Return the median over time of the replica that has most of it; None where none shows it."""
    found = [
        [v for at, v in (samples.rates if rates else samples.values)(part, measure) if at > since]
        for part in _replicas(samples)
    ]
    return max((median(values) * factor for values in found if values), default=None)


def _replicas(samples: Samples) -> Sequence[str]:
    return [part for part in samples.parts() if samples.values(part, "hubbub_connections")]
