"""docs/capacity.json and what docs/operations.md says of it are one; whose limit it was is said."""

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from loadtests.capacity import page
from loadtests.capacity.criteria import Promise, Step, broken
from loadtests.capacity.local_target import ROOM, Used, leaving, p99_ms, rooms_for
from loadtests.capacity.local_target import step_of as step_here
from loadtests.capacity.remote_target import settled
from loadtests.capacity.remote_target import step_of as step_elsewhere
from loadtests.capacity.results import figures, status
from loadtests.capacity.search import climb
from loadtests.lib import exit_codes
from loadtests.lib.load_client.client import Result
from loadtests.lib.monitoring.time_series import Samples
from loadtests.load.run_series import DELIVER, SEND, Generator, Second, Series
from tests.loadtests.bench.test_report import MACHINE
from tests.loadtests.capacity.test_search import GOOD, SLOW

PROMISE = Promise()
EMPTY = "# Operations\n\n<!-- capacity:begin -->\n<!-- capacity:end -->\n\nThe rest.\n"


def found(**change: Any) -> dict[str, Any]:
    """What a run finds that holds 8,000 sockets, and breaks in some way above 100 a second."""
    slow = replace(SLOW, **change)
    sockets = climb(lambda amount: replace(GOOD, sockets=int(amount)), [4_000, 8_000], PROMISE)
    messages = climb(lambda rate: said(rate) if rate <= 100 else slow, [50, 100, 200], PROMISE)
    facts = {"command": "make capacity", "place": "one replica", "machine": MACHINE}
    return figures(sockets, messages, PROMISE, 1, **facts)


def said(rate: float) -> Step:
    """A step in which a little less than what was asked for was answered."""
    return replace(GOOD, messages_per_second=rate, answered_per_second=rate * 0.97)


def test_what_the_page_says_of_capacity_is_what_the_file_has() -> None:
    measured = json.loads(page.FILE.read_text())
    text = page.PAGE.read_text()
    _, _, after = text.partition("<!-- capacity:begin -->\n")
    assert after.partition("\n<!-- capacity:end -->")[0] == page.text(measured)


def test_a_run_writes_file_plot_and_its_part_of_the_page(tmp_path: Path) -> None:
    file, operations, plot = (tmp_path / name for name in ("a.json", "operations.md", "a.svg"))
    operations.write_text(EMPTY)
    page.write(found(), file, operations, plot)
    assert json.loads(file.read_text())["sockets_per_replica"] == 8_000
    assert json.loads(file.read_text())["plan_with"]["sockets_per_replica"] == 4_000
    assert plot.read_text().startswith("<?xml")
    written = operations.read_text()
    assert "**97 messages a second**" in written
    assert written.endswith("The rest.\n")


def test_the_page_says_that_more_sockets_were_not_tried() -> None:
    assert "**8,000 sockets**" in page.text(found())
    assert "No more were tried: it may hold more." in page.text(found())


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"generator_percent": 99.0}, "That is the generator's limit: the replica may hold more."),
        ({"machine_percent": 99.0}, "That is the machine's limit: the replica may hold more."),
    ],
)
def test_the_page_says_whose_limit_it_was(change: dict[str, float], said: str) -> None:
    assert said in page.text(found(**change))
    assert "limit: the replica may hold more" not in page.text(found())


def test_the_exit_status_says_whether_the_figures_are_the_replicas() -> None:
    assert status(found()) == exit_codes.PASSED
    assert status(found(generator_percent=99.0)) == exit_codes.GENERATOR_LIMITED
    nothing = climb(lambda _: SLOW, [100], PROMISE)
    assert status(figures(nothing, nothing, PROMISE, 1)) == exit_codes.FAILED


def results(*buckets: list[list[int]]) -> list[Result]:
    return [{"delivery": {"buckets": one}} for one in buckets]


def test_a_percentile_of_several_processes_is_that_of_all_their_deliveries() -> None:
    fast, slow = [[1_000, 990]], [[1_000, 5], [500_000, 5]]
    assert p99_ms(results(fast, slow)) == 1.0
    assert p99_ms(results(fast, slow, [[700_000, 20]])) == 700.0
    assert p99_ms([]) == 0.0


@given(st.lists(st.integers(1, 1_000), min_size=1, max_size=20), st.floats(0, 20_000))
def test_whoever_goes_somebody_stays_and_no_more_go_than_have_to(
    groups: list[int], most: float
) -> None:
    stay = len(groups) - leaving(groups, most)
    assert stay == 1 or sum(groups[:stay]) <= most
    assert stay >= 1
    assert stay == len(groups) or sum(groups[: stay + 1]) > most


def test_nobody_goes_where_nobody_is() -> None:
    assert leaving([], 0) == 0


@given(st.integers(1, 20_000))
def test_everybody_has_a_room(people: int) -> None:
    assert 0 <= (people - 1) // ROOM < rooms_for(people)


def test_a_step_here_in_which_nothing_was_delivered_is_not_kept() -> None:
    used = Used(0, replica=[0.0, 1.0], busy=[0.0, 1.0], whole=[0.0, 16.0])
    names = ("lost", "doubled", "disordered", "problems", "closed", "deliveries", "generator_cpu")
    silent: Result = {"seconds": 8.0, "answered": 80, "delivery": {"buckets": []}}
    step = step_here([silent | dict.fromkeys(names, 0)], 100, 10.0, used, 200.0)
    assert broken(step, PROMISE) is not None
    heard = silent | dict.fromkeys(names, 0) | {"deliveries": 8_000}
    assert broken(step_here([heard], 100, 10.0, used, 200.0), PROMISE) is None


def a_run(seconds: int, cpu_percent: float = 20.0) -> Series:
    """A run of Locust's: slow while people come, then 5 sends and 100 deliveries a second."""
    series = Series({"limits": {}})
    for at in range(seconds):
        second = Second(1_000 + at, users=50, sockets={"realtime-1": 30, "realtime-2": 20})
        for _ in range(100):
            second.latency(DELIVER).add(3.0 if at < seconds * 0.25 else 0.02)
        for _ in range(5):
            second.latency(SEND).add(0.01)
        second.generators["one"] = Generator(cpu_percent, 5.0)
        series.add(second)
    return series


def samples_of(series: Series) -> Samples:
    """The second replica works twice as much as the first; its first second was all work."""
    rows = [
        (
            float(at),
            {
                name: {
                    "hubbub_connections": 25.0,
                    "process_cpu_seconds_total": share * at,
                    "process_resident_memory_bytes": 100 * 2**20,
                }
                for name, share in (("first:1", 0.2), ("second:1", 0.4))
            },
        )
        for at in range(len(series.seconds))
    ]
    return Samples(1_000.0, rows)


def test_a_place_elsewhere_is_judged_once_everybody_is_there_by_its_busiest_replica() -> None:
    run = a_run(40)
    step = step_elsewhere(run, samples_of(run), rate=5.0)
    assert (step.sockets, step.answered_per_second, step.deliveries_per_second) == (50, 5, 100)
    assert step.deliver_p99_ms < 30
    assert step.wrong == 0
    assert not step.generator_late
    assert step.cpu_percent == pytest.approx(40)
    assert step.memory_mib == pytest.approx(100)


def test_what_locust_did_not_see_of_a_place_elsewhere_is_not_made_up() -> None:
    step = step_elsewhere(a_run(40), Samples(), rate=5.0)
    assert step.cpu_percent is None
    assert step.memory_mib is None
    quiet = Series({}, {one.at: Second(one.at) for one in settled(a_run(40))})
    assert step_elsewhere(quiet, Samples(), rate=5.0).wrong  # with nothing heard, nothing is shown


def test_a_generator_that_was_too_slow_is_told_in_its_own_words() -> None:
    assert "bottleneck" in step_elsewhere(a_run(40, 99.0), Samples(), rate=5.0).generator_late
