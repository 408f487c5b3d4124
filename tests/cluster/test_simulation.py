"""A crowd that does all that people do is shown the truth, also when a replica dies under it."""

import asyncio
import time
from contextlib import ExitStack
from pathlib import Path

import pytest

from loadtests.lib.checker import Deadlines, Promises, check, format_violations
from loadtests.lib.client.history import AccessRevoked
from loadtests.lib.simulation import ActivityRates, Simulation, simulate
from loadtests.lib.simulation.plan import Behaviour, Plan
from tests.cluster.stage import Stage, start

pytestmark = pytest.mark.deployment

SEED, PEOPLE, TABS = 5, 14, 28
QUICK = ActivityRates(messages_per_second=60).times(0.1)
ALL_ACTS = {
    "send",
    "edit",
    "delete",
    *(habit.value for habit in Behaviour if habit is not Behaviour.STAY),
}
# As a busy machine keeps them.
PROMISES = Promises(present_seconds=10, gone_seconds=20, revoked_seconds=10)


@pytest.fixture
def identities(stage: Stage, tmp_path: Path) -> list[str]:
    """Sessions of this test's own: some of them are signed out."""
    path = tmp_path / "sessions"
    stage.cluster.manage("seed", "--yes", "--users", str(PEOPLE), "--sessions", str(path))
    return path.read_text().splitlines()


async def test_a_crowd_sees_nothing_wrong(stage: Stage, identities: list[str]) -> None:
    owner = stage.user("alice").identity
    async with simulate(
        stage.addresses, identities, seed=SEED, owner=owner, tabs=TABS, rates=QUICK
    ) as simulation:
        began = time.monotonic()
        await everything_was_done(simulation)
        victim = stage.cluster.replicas[1]
        victim.kill()
        await simulation.tabs[0].client.drop_connection()
        await start(victim)
        await simulation.wait_until_recovered(within=20)
        assert simulation.acknowledged_since(began) >= simulation.activity_counts["send"] / 2
        await simulation.settle(within=20)
        await simulation.wait_until_presence_agrees(within=30)
        early = simulation.left_early
        histories = await simulation.histories()
    faults = check(histories, stage.log(), left_early=early, deadlines=Deadlines(PROMISES))
    assert not faults, format_violations(faults)
    assert any(isinstance(deed, AccessRevoked) for deed in simulation.revocations.entries)


async def everything_was_done(simulation: Simulation) -> None:
    listening = next(tab for tab in simulation.tabs if tab.name in simulation.listeners)
    await listening.client.wait_until(
        lambda: simulation.activity_counts.keys() >= ALL_ACTS, within=40
    )


async def test_it_names_the_tab_that_is_not_back_and_bans_nobody_without_an_owner(
    stage: Stage, identities: list[str]
) -> None:
    async with simulate(stage.addresses, identities, seed=SEED, rates=QUICK) as simulation:
        with ExitStack() as standing_still:
            for replica in stage.cluster.replicas:
                standing_still.enter_context(replica.paused())
            with pytest.raises(TimeoutError, match=r"^person-\d+, tab \d .*at 127\.0\.0\.1"):
                await simulation.wait_until_recovered(within=0.5)
        await simulation.wait_until_recovered(within=20)
        await simulation.settle(within=20)
    assert simulation.activity_counts["be banned"] == 0


async def test_what_goes_wrong_in_the_crowd_itself_is_raised() -> None:
    async def stumble() -> None:
        raise LookupError("a shoelace")

    simulation = Simulation([], Plan.draw(SEED, PEOPLE, TABS), QUICK, None)
    simulation.start(stumble(), "stumbling")
    with pytest.raises(LookupError, match="a shoelace"):
        await simulation.settle(within=20)
    await simulation.close()


async def test_what_went_wrong_in_it_may_be_taken_and_is_not_raised_then() -> None:
    async def stumble() -> None:
        raise LookupError("a shoelace")

    simulation = Simulation([], Plan.draw(SEED, PEOPLE, TABS), QUICK, None)
    simulation.start(stumble(), "stumbling")
    await asyncio.sleep(0)
    [(name, fault)] = simulation.pop_errors().items()
    assert (name, str(fault)) == ("stumbling", "a shoelace")
    await simulation.settle(within=20)
    await simulation.close()
