"""The clock of each replica can be set at any moment, without affecting the other clocks."""

import subprocess
import sys
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest

from loadtests.chaos import clock
from loadtests.chaos.clock import Clock

HOUR = 3_600
# This program prints the time of day and the monotonic time for each line of input.
PRINT_TIMES = (
    "import sys, time\nfor _ in sys.stdin: print(time.time(), time.monotonic(), flush=True)"
)


@pytest.fixture
def rebuilt_library() -> Iterator[None]:
    clock.library.cache_clear()
    yield
    clock.library.cache_clear()


class ClockedProcess:
    """A process that follows a replica's clock."""

    def __init__(self, clock: Clock) -> None:
        self.process = subprocess.Popen(
            [sys.executable, "-c", PRINT_TIMES],
            env=clock.environment,
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


@pytest.mark.skipif(sys.platform != "linux", reason="clocks can be set on Linux only")
def test_the_clock_of_one_replica_jumps_alone_and_at_once(tmp_path: Path) -> None:
    clock, other = Clock(tmp_path / "1"), Clock(tmp_path / "2")
    with closing(ClockedProcess(clock)) as first, closing(ClockedProcess(other)) as second:
        for seconds in (0, HOUR, -HOUR, 0):
            clock.set(seconds)
            (here, here_monotonic), (there, there_monotonic) = first.ask(), second.ask()
            assert here - there == pytest.approx(seconds, abs=60)
            assert here_monotonic == pytest.approx(there_monotonic, abs=60)


@pytest.mark.usefixtures("rebuilt_library")
@pytest.mark.parametrize("compiler", ["no-such-compiler", "false"])
def test_without_a_c_compiler_no_clock_can_be_set(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, compiler: str
) -> None:
    monkeypatch.setattr(clock, "COMPILER", compiler)
    assert not clock.available()
    assert Clock(tmp_path / "1").environment == {}
