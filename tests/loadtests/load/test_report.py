"""The report of a load run is complete, says what was not monitored, and needs no other file.

The run is made up, second by second, in the form of `series.json` and `samples.jsonl`.
"""

import json
import re
from collections import Counter
from html import unescape
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from loadtests.lib.measurements.series import (
    CONNECT,
    DELIVER,
    DUPLICATE,
    GAP,
    RESUME,
    SEND,
    Annotation,
    GeneratorUsage,
    Second,
    Series,
)
from loadtests.lib.monitoring.time_series import Samples, parse
from loadtests.load.report import write
from loadtests.load.report.page import render
from loadtests.load.report.run_windows import windows
from tests.loadtests.machine_facts import MACHINE

STARTED = 1_700_000_000
FACTS = {
    "run_id": "abc",
    "host": "https://staging.example.org",
    "shape": "deploy",
    "users": 50,
    "rate": 5.0,
    "seconds": 20.0,
    "limits": {"deliver_ms": 100.0},
    "delivery_us": 50.0,
    "local": True,
}


def make_run(deliver_seconds: float = 0.02, generator_cpu: float = 30.0) -> Series:
    series = Series(dict(FACTS), annotations=[Annotation(STARTED + 7.0, "rolling deploy")])
    for at in range(20):
        second = Second(
            STARTED + at, users=50, connections=Counter({"realtime-1": 30, "realtime-2": 20})
        )
        for kind, seconds in ((CONNECT, 0.1), (SEND, 0.01), (DELIVER, deliver_seconds)):
            second.latency(kind).record(seconds)
        second.latency(RESUME).record(0.5)
        second.checked = 10
        second.generators["one"] = GeneratorUsage(generator_cpu, 5.0)
        series.add(second)
    return series


def some_samples() -> Samples:
    """Return samples of a replica with all its metrics, and of one whose metrics cannot be read."""
    lines = [json.dumps({"unseen": ["Postgres (no --postgres)"]})]
    for at in range(20):
        known = {"cpu_seconds": 0.3 * at, "resident_bytes": 2e8}
        ours = {
            "hubbub_connections": 30.0,
            "hubbub_loop_stall_seconds:10": 0.012,
            "hubbub_gaps_repaired_total": 2.0 * at,
            "hubbub_fan_out_seconds_bucket:0.01": 3.0 * at,
            "hubbub_fan_out_seconds_bucket:inf": 3.0 * at,
        }
        parts = {"realtime-1": known | ours, "realtime-2": known, "redis": {"commands": 9.0 * at}}
        lines.append(json.dumps({"at": STARTED + 0.5 + at, "parts": parts}))
    lines.append(json.dumps({"at": STARTED, "failed": "realtime-2's metrics", "why": "refused"}))
    return parse(lines)


def text_of(page: str) -> str:
    """Return the visible text of a page, in one line."""
    shown = re.sub(r"<style>.*?</style>|<[^>]+>", " ", page, flags=re.DOTALL)
    return re.sub(r"\s+", " ", unescape(shown))


@pytest.fixture(scope="module")
def page() -> str:
    """Return the report of a run that met its limits, with samples of its servers."""
    return render(make_run(), some_samples(), MACHINE, locust="locust.html")


def test_the_report_shows_what_users_experienced_and_what_the_servers_did(page: str) -> None:
    text = text_of(page)
    for expected in (
        "Every limit was met",
        "https://staging.example.org",
        "50 users",
        "rolling deploy (7 s)",
        "DELIVER p99 20.1 ms 100 ms met",
        "RESUME",
        "connections at the same time, at most 50",
        "order was checked 200",
        "The generator kept up.",
        "at commit 0123456789",
        "python 3.11",
        "reads of the log for events that the bus did not deliver 38 realtime-1 38",
        "Not monitored: Postgres (no --postgres).",
        "Not always monitored: realtime-2's metrics (refused).",
    ):
        assert expected in text, expected


def test_charts_with_data_are_drawn_and_the_others_are_named(page: str) -> None:
    titles = re.findall(r"<figcaption>([^<]+)", page)
    assert titles[0] == "DELIVER: from send to receipt"
    assert {"Gaps, duplicates, out of order", "CPU", "Memory", "Replicas: fan-out, p99"} <= {
        *titles
    }
    assert page.count("<svg") == len(titles)
    for replica in ("realtime-1", "realtime-2"):
        assert f">{replica}</text>" in page
    assert "Without data, and not drawn: HTTP: all requests; COMMAND: all but sends." in page
    assert "Postgres: connections" not in titles


def test_the_page_needs_no_other_file(page: str) -> None:
    assert re.findall(r'<(?:script|link|img|iframe)\b|src="|@import|url\((?!#)', page) == []
    # The names of XML namespaces are not addresses that a browser loads.
    addresses = {*re.findall(r'(?<!xmlns:xlink)(?<!xmlns)="(https?://[^"]+)"', page)}
    assert addresses == set()
    assert 'href="locust.html"' in page


def test_ids_are_unique_and_every_reference_has_its_target(page: str) -> None:
    ids = re.findall(r'\bid="([^"]+)"', page)
    assert len(ids) == len(set(ids))
    assert {*re.findall(r'(?:url\(|href=")#([^")]+)', page)} <= {*ids}


def test_letters_take_the_colour_of_the_page_for_dark_mode(page: str) -> None:
    assert "#010203" not in page
    assert "currentColor" in page
    assert "prefers-color-scheme: dark" in page


def test_missed_limits_come_first_and_names_are_escaped() -> None:
    run = make_run(deliver_seconds=0.5)
    run.seconds[STARTED + 3].order_errors = Counter({GAP: 2, DUPLICATE: 1})
    run.facts["host"] = "http://<script>alert(1)</script>"
    run.annotations.append(Annotation(STARTED + 1.0, "<b>"))
    page = render(run, None, MACHINE)
    assert "<script>" not in page
    assert "<b>" not in page
    text = text_of(page)
    assert "Missed: gaps, duplicates, DELIVER p99" in text
    assert text.index("Missed:") < text.index("What users experienced")


def test_a_run_that_was_not_judged_or_not_monitored_says_so() -> None:
    """In this run, the generator was too slow, and the servers were not monitored."""
    text = text_of(render(make_run(deliver_seconds=0.5, generator_cpu=99.0), None, MACHINE))
    assert "Nothing was lost; latencies are not judged" in text
    assert "The generator was the bottleneck: one used more than" in text
    assert "The servers were not monitored" in text
    assert "Redis: commands" not in text


def test_an_empty_run_still_has_a_report() -> None:
    text = text_of(render(Series(dict(FACTS)), Samples(), {}))
    assert "Missed: gaps" in text
    assert "The run did not record its machine." in text


def test_the_report_is_made_from_the_folder_of_a_run(tmp_path: Path) -> None:
    make_run().write(tmp_path / "series.json")
    (tmp_path / "machine.json").write_text(json.dumps(MACHINE))
    (tmp_path / "samples.jsonl").write_text('{"unseen": ["Redis (no --redis)"]}\n')
    text = text_of(write(tmp_path).read_text())
    assert "The generator, and everything that it loads," in text
    assert "Not monitored: Redis (no --redis)." in text
    assert "Locust's own report" not in text


def test_a_folder_without_a_run_is_refused(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError):
        write(tmp_path)


@given(st.sets(st.integers(0, 2_000), min_size=1, max_size=60), st.integers(1, 300))
def test_windows_contain_everything_of_their_seconds(ats: set[int], most: int) -> None:
    series = Series()
    for at in ats:
        second = Second(
            STARTED + at, users=at, checked=1, generators={"one": GeneratorUsage(at, 1.0)}
        )
        second.latency(SEND).record(0.01)
        series.add(second)
    found = windows(series, most)
    assert len(found) <= most
    assert sum(one.total.checked for one in found) == len(ats)
    assert sum(one.total.latency(SEND).count for one in found) == len(ats)
    assert found[-1].total.users == max(ats)
    assert found[-1].total.generators["one"].cpu_percent == max(ats)
    length = max(ats) - min(ats) + 1
    for one in found:
        assert 0 < one.at < length
        assert one.at + one.seconds / 2 <= length
