"""A soak fails if anything grows, and names it, unless the growth only follows the connections."""

from collections.abc import Callable
from typing import Any

import pytest

from loadtests.lib.monitoring.time_series import Samples
from loadtests.soak import report
from loadtests.soak.growth_criteria import OWN_MEMORY, judge

SECONDS = 3600
MIB = 2**20
Parts = dict[str, dict[str, float]]
FACTS: dict[str, Any] = {
    "machine": {"at": "2026-11-23T10:00:00", "commit": "0123456789", "cores": 2,
                "processor": "a processor", "memory_gib": 8},
    "seconds": SECONDS, "replicas": 2, "connections": 150, "sent": 43_000,
    "done": {"visit": 900, "warm-up": 1},
    "restarts": 0, "tracebacks": 0, "violations": [], "failures": [],
}  # fmt: skip


def flat(at: float) -> Parts:
    """Return a sample of a soak without growth.

    In this soak, connections move from one replica to the other and back.
    """
    first = 75 + (at // 60) % 10
    process = {"resident_bytes": 100.0 * MIB, "anonymous_bytes": 80.0 * MIB, "threads": 8.0}
    warm = min(at, 500) * 0.01 * MIB  # the memory that processes gain while they warm up
    connections = {"realtime-1": first, "realtime-2": 150 - first}
    replicas = {
        name: process | {
            "resident_bytes": 110.0 * MIB + warm, "files": 20 + number,
            "hubbub_connections": number, "hubbub_loop_tasks": 14.0,
        }
        for name, number in connections.items()
    }  # fmt: skip
    return {
        **replicas,
        "web-1": process | {"files": 78.0},
        "nginx": process | {"files": 30.0 + 300},
        "redis": process | {"files": 14.0, "pubsub_channels": 19.0, "clients": 7.0},
        "postgres": process | {"files": 600.0, "connections": 17.0},
    }


def a_soak(change: Callable[[float, Parts], None] = lambda at, parts: None) -> Samples:
    rows = []
    for at in range(0, SECONDS, 5):
        parts = flat(at)
        change(float(at), parts)
        rows.append((float(at), parts))
    return Samples(0.0, rows)


def growing(samples: Samples) -> list[tuple[str, str]]:
    return [(one.part, one.what) for one in judge(samples, SECONDS) if not one.within_limit]


def test_a_soak_in_which_only_connections_move_is_flat() -> None:
    verdicts = judge(a_soak(), SECONDS)
    assert [one for one in verdicts if not one.within_limit] == []
    assert {one.what for one in verdicts} == {
        "memory", OWN_MEMORY, "files", "threads", "tasks",
        "subscriptions", "clients", "connections",
    }  # fmt: skip
    assert report.passed(FACTS, verdicts)
    assert "stayed flat" in report.text(FACTS, verdicts)


@pytest.mark.parametrize(
    ("part", "measure", "per_hour", "what"),
    [
        ("realtime-2", "resident_bytes", 0.03 * 120 * MIB, "memory"),
        ("web-1", "resident_bytes", 0.03 * 100 * MIB, "memory"),
        ("realtime-2", "anonymous_bytes", 0.03 * 120 * MIB, OWN_MEMORY),
        ("postgres", "anonymous_bytes", 0.03 * 80 * MIB, OWN_MEMORY),
        ("realtime-1", "files", 6, "files"),
        ("nginx", "files", 12, "files"),
        ("realtime-1", "hubbub_loop_tasks", 6, "tasks"),
        ("web-1", "threads", 6, "threads"),
        ("redis", "pubsub_channels", 6, "subscriptions"),
        ("postgres", "connections", 6, "connections"),
    ],
)
def test_a_leak_is_named_and_fails_the_soak(
    part: str, measure: str, per_hour: float, what: str
) -> None:
    def leak(at: float, parts: Parts) -> None:
        parts[part][measure] += per_hour * at / SECONDS

    samples = a_soak(leak)
    assert growing(samples) == [(part, what)]
    assert not report.passed(FACTS, judge(samples, SECONDS))
    assert f"Not flat: {part}'s {what}" in report.text(FACTS, judge(samples, SECONDS))


def test_the_report_counts_what_was_done() -> None:
    assert "900 visits, 1 warm-up;" in report.text(FACTS, judge(a_soak(), SECONDS))


def test_a_measure_without_samples_is_not_called_flat() -> None:
    def remove(at: float, parts: Parts) -> None:
        del parts["redis"]["pubsub_channels"]

    assert growing(a_soak(remove)) == [("redis", "subscriptions")]


@pytest.mark.parametrize(
    "error",
    [{"violations": ["bob: duplicated"]}, {"failures": ["visits: late"]}, {"restarts": 1},
     {"tracebacks": 1}],
)  # fmt: skip
def test_errors_fail_a_flat_soak_and_are_reported(error: dict[str, Any]) -> None:
    facts, verdicts = FACTS | error, judge(a_soak(), SECONDS)
    assert not report.passed(facts, verdicts)
    assert report.text(facts, verdicts) != report.text(FACTS, verdicts)
