"""A soak of a few seconds does all its actions without failures and samples everything."""

from pathlib import Path

from loadtests.lib.monitoring import time_series
from loadtests.lib.servers.stack import RunningStack
from loadtests.soak.__main__ import run_load
from loadtests.soak.accounts import populate
from loadtests.soak.growth_criteria import measures
from loadtests.soak.load import Load
from tests.stack.deployed_stage import DeployedStage

SECONDS = 12
SOCKETS = 20
EVERY_SECONDS = 0.5


async def test_a_short_soak_does_everything(
    stack: RunningStack, stage: DeployedStage, tmp_path: Path
) -> None:
    file, output_before = tmp_path / "samples.jsonl", len(stack.output())
    population = await populate(stack, users=24, password_of_bob=stage.passwords["bob"])
    load = Load(population, SOCKETS, messages_per_second=20, visit_seconds=(1, 4))
    await run_load(stack, load, SECONDS, file, EVERY_SECONDS)
    assert "Traceback" not in stack.output()[output_before:]
    facts = load.facts()
    assert (facts["violations"], facts["failures"]) == ([], [])
    assert facts["done"].keys() >= {"visits", "meetings", "sign-ins"}
    assert facts["sent"] > SECONDS
    samples = time_series.read(file)
    assert samples.failures == {}
    assert {*samples.parts()} >= {"nginx", "postgres", "realtime-1", "redis", "web-1"}
    assert [(one.part, one.what) for one in measures(samples) if not one.points] == []
    sockets = [samples.values(part, "hubbub_connections") for part in samples.parts("realtime-")]
    assert max(value for _, value in time_series.total(sockets)) >= SOCKETS
