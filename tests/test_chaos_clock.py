"""The clocks of replicas: each has its own file, also where several share an address."""

from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest

from loadtests.chaos import clock
from loadtests.chaos.clock import Clock

FILE = "FAKETIME_TIMESTAMP_FILE"


@pytest.fixture
def clocks(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Iterator[Clock]:
    (tmp_path / "libfaketime.so").touch()
    monkeypatch.setattr(clock, "LIBRARIES", [f"{tmp_path}/*.so"])
    with closing(Clock()) as clocks:
        yield clocks


def test_one_replicas_clock_jumps_alone(clocks: Clock) -> None:
    first, second = (Path(clocks.environment(name)[FILE]) for name in ("replica-1", "replica-2"))
    clocks.set("replica-1", -3_600)
    assert (first.read_text(), second.read_text()) == ("-3600\n", "+0\n")
    clocks.set("replica-1", 0)
    assert first.read_text() == "+0\n"


def test_without_the_library_no_clock_can_be_set(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(clock, "LIBRARIES", ["/nowhere/*.so"])
    assert not clock.can_be_set()
    with closing(Clock()) as clocks:
        assert clocks.environment("replica-1") == {}


def test_with_it_they_can(clocks: Clock) -> None:
    assert clock.can_be_set()
