"""A soak of a few seconds does all its actions without failures and samples everything."""

import asyncio
from pathlib import Path

from loadtests.lib.monitoring import time_series
from loadtests.lib.servers.stack import RunningStack
from loadtests.soak.__main__ import run_load
from loadtests.soak.accounts import populate
from loadtests.soak.growth_criteria import measures
from loadtests.soak.load import SoakLoad
from tests.stack.deployed_stage import DeployedStage

SECONDS = 12
MAX_RUNS = 6  # a busy machine needs more than one run
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
    for _ in range(MAX_RUNS):
        await run_load(stack, load, SECONDS, file, EVERY_SECONDS)
        if load.tally.done.keys() >= KINDS and most_sockets(file) >= SOCKETS:
            break
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
    """Return the highest number of open connections in any sample."""
    samples = time_series.read(file)
    sockets = [samples.values(part, "hubbub_connections") for part in samples.parts("realtime-")]
    return max((value for _, value in time_series.total(sockets)), default=0.0)
