"""A soak of a few seconds does all its actions without failures and samples everything."""

import asyncio
import time
from collections.abc import Callable, Coroutine
from contextlib import suppress
from pathlib import Path
from typing import Any

from loadtests.lib.monitoring import time_series
from loadtests.lib.servers.stack import RunningStack
from loadtests.soak.__main__ import run_load
from loadtests.soak.accounts import populate
from loadtests.soak.growth_criteria import measures
from loadtests.soak.load import SoakLoad
from tests.cluster.stage import elapse
from tests.stack.deployed_stage import DeployedStage

SECONDS, MAX_SECONDS = 12, 90
# The soak does one of each, which takes longer on a busy machine.
KINDS = {"visit", "meeting", "sign-in"}
SOCKETS = 20
EVERY_SECONDS = 0.5


async def test_a_short_soak_does_everything(
    stack: RunningStack, stage: DeployedStage, tmp_path: Path
) -> None:
    file, output_before = tmp_path / "samples.jsonl", len(stack.output())
    password = stage.passwords["bob"]
    population = await asyncio.to_thread(populate, stack, 24, password)
    load = SoakLoad(population, SOCKETS, messages_per_second=20, visit_seconds=(1, 8))
    await run_until(
        lambda: load.tally.done.keys() >= KINDS and most_sockets(file) >= SOCKETS,
        run_load(stack, load, MAX_SECONDS, file, EVERY_SECONDS),
    )
    assert "Traceback" not in stack.output()[output_before:]
    facts = load.tally.facts()
    assert (facts["violations"], facts["failures"]) == ([], [])
    assert facts["done"].keys() >= KINDS
    assert facts["sent"] > SECONDS
    samples = time_series.read(file)
    assert samples.failures == {}
    assert {*samples.parts()} >= {"nginx", "postgres", "realtime-1", "redis", "web-1"}
    assert [(one.part, one.what) for one in measures(samples) if not one.points] == []
    assert most_sockets(file) >= SOCKETS


def most_sockets(file: Path) -> float:
    """Return the most connections that were open at the same time in any sample."""
    samples = time_series.read(file)
    sockets = [samples.values(part, "hubbub_connections") for part in samples.parts("realtime-")]
    return max((value for _, value in time_series.total(sockets)), default=0.0)


async def run_until(condition: Callable[[], bool], work: Coroutine[Any, Any, None]) -> None:
    """Run for SECONDS, and then until a condition holds or the work ends."""
    running, started = asyncio.create_task(work), time.monotonic()
    while not running.done() and (time.monotonic() < started + SECONDS or not condition()):
        await elapse(EVERY_SECONDS)
    running.cancel()
    with suppress(asyncio.CancelledError):
        await running
