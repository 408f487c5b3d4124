"""The limits that a run must not exceed. `generator_limit` checks those of the generator itself."""

from dataclasses import dataclass


@dataclass(slots=True)
class RunLimits:
    """What a run must not exceed; latencies are 99th percentiles in milliseconds."""

    connect_ms: float = 1_000
    send_ms: float = 250
    deliver_ms: float = 250
    resume_ms: float = 3_000
    failures_percent: float = 0.1
    generator_cpu_percent: float = 90
    # The lag of the generator's loop is part of every latency: a fifth of the tightest limit.
    generator_lag_ms: float = 50
