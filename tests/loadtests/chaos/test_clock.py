"""The clocks of replicas: each jumps alone and at once, and nothing else of its time is changed."""

import subprocess
import sys
from collections.abc import Iterator
from contextlib import closing

import pytest

from loadtests.chaos import clock
from loadtests.chaos.clock import Clock

HOUR = 3_600
# Tells the time of day and one that only goes forward, each time that it is asked.
TELL = "import sys, time\nfor _ in sys.stdin: print(time.time(), time.monotonic(), flush=True)"


@pytest.fixture
def clocks() -> Iterator[Clock]:
    with closing(Clock()) as clocks:
        yield clocks


@pytest.fixture
def built_anew() -> Iterator[None]:
    clock.library.cache_clear()
    yield
    clock.library.cache_clear()


class Teller:
    """A process that follows a replica's clock."""

    def __init__(self, clocks: Clock, name: str) -> None:
        self.process = subprocess.Popen(
            [sys.executable, "-c", TELL],
            env=clocks.environment(name),
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )

    def ask(self) -> tuple[float, float]:
        assert self.process.stdin is not None
        assert self.process.stdout is not None
        print(file=self.process.stdin, flush=True)
        now, monotonic = self.process.stdout.readline().split()
        return float(now), float(monotonic)

    def close(self) -> None:
        self.process.communicate()


@pytest.mark.skipif(sys.platform != "linux", reason="clocks are moved on Linux only")
def test_one_replicas_clock_jumps_alone_and_at_once(clocks: Clock) -> None:
    with closing(Teller(clocks, "1")) as first, closing(Teller(clocks, "2")) as second:
        for seconds in (0, HOUR, -HOUR, 0):
            clocks.set("1", seconds)
            (here, here_monotonic), (there, there_monotonic) = first.ask(), second.ask()
            assert here - there == pytest.approx(seconds, abs=60)
            assert here_monotonic == pytest.approx(there_monotonic, abs=60)


@pytest.mark.usefixtures("built_anew")
@pytest.mark.parametrize("compiler", ["no-such-compiler", "false"])
def test_where_no_c_can_be_compiled_no_clock_can_be_set(
    clocks: Clock, monkeypatch: pytest.MonkeyPatch, compiler: str
) -> None:
    monkeypatch.setattr(clock, "COMPILER", compiler)
    assert not clock.can_be_set()
    assert clocks.environment("1") == {}
