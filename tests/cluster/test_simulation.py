"""A simulation of users finds no violation, even if a replica is killed while it runs."""

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

SEED, USERS, TABS = 5, 14, 28
FAST = ActivityRates(  # all pauses are a tenth of the usual ones
    messages_per_second=60,
    visit_seconds=0.4,
    away_seconds=0.4,
    between={what: seconds / 10 for what, seconds in ActivityRates().between.items()},
)
ALL_ACTIVITIES = {
    "send",
    "edit",
    "delete",
    *(behaviour.value for behaviour in Behaviour if behaviour is not Behaviour.STAY),
}
# Deadlines that a busy machine can keep.
PROMISES = Promises(present_seconds=10, gone_seconds=20, revoked_seconds=10)


@pytest.fixture
def identities(stage: Stage, tmp_path: Path) -> list[str]:
    """Return sessions of users for this test alone, because some users are signed out."""
    path = tmp_path / "sessions"
    stage.cluster.manage("seed", "--yes", "--users", str(USERS), "--sessions", str(path))
    return path.read_text().splitlines()


async def test_a_simulation_finds_no_violation(stage: Stage, identities: list[str]) -> None:
    owner = stage.user("alice").identity
    async with simulate(
        stage.addresses, identities, seed=SEED, owner=owner, tabs=TABS, rates=FAST
    ) as simulation:
        started_at = time.monotonic()
        await wait_for_all_activities(simulation)
        victim = stage.cluster.replicas[1]
        victim.kill()
        await simulation.tabs[0].client.drop_connection()
        await start(victim)
        await simulation.wait_until_recovered(within=20)
        assert simulation.acknowledged_since(started_at) >= simulation.activity_counts["send"] / 2
        await simulation.settle(within=20)
        await simulation.wait_until_presence_agrees(within=30)
        early = simulation.left_early
        histories = await simulation.histories()
    violations = check(histories, stage.log(), left_early=early, deadlines=Deadlines(PROMISES))
    assert not violations, format_violations(violations)
    assert any(isinstance(entry, AccessRevoked) for entry in simulation.revocations.entries)


async def wait_for_all_activities(simulation: Simulation) -> None:
    listening = next(tab for tab in simulation.tabs if tab.name in simulation.listeners)
    await listening.client.wait_until(
        lambda: simulation.activity_counts.keys() >= ALL_ACTIVITIES, within=40
    )


async def test_it_names_a_tab_that_has_not_recovered_and_bans_no_user_without_an_owner(
    stage: Stage, identities: list[str]
) -> None:
    async with simulate(stage.addresses, identities, seed=SEED, rates=FAST) as simulation:
        with ExitStack() as paused:
            for replica in stage.cluster.replicas:
                paused.enter_context(replica.paused())
            with pytest.raises(TimeoutError, match=r"^person-\d+, tab \d .*at 127\.0\.0\.1"):
                await wait_until_not_recovered(simulation)
        await simulation.wait_until_recovered(within=20)
        await simulation.settle(within=20)
    assert simulation.activity_counts["be banned"] == 0


async def wait_until_not_recovered(simulation: Simulation) -> None:
    for _ in range(10):  # what the replicas sent before they paused may still arrive
        await simulation.wait_until_recovered(within=0.5)


async def test_an_error_of_the_simulation_itself_is_raised() -> None:
    async def fail() -> None:
        raise LookupError("an error")

    simulation = Simulation([], Plan.draw(SEED, USERS, TABS), FAST, None)
    simulation.start(fail(), "failing")
    with pytest.raises(LookupError, match="an error"):
        await simulation.settle(within=20)
    await simulation.close()


async def test_an_error_that_was_popped_is_not_raised() -> None:
    async def fail() -> None:
        raise LookupError("an error")

    simulation = Simulation([], Plan.draw(SEED, USERS, TABS), FAST, None)
    simulation.start(fail(), "failing")
    await asyncio.sleep(0)
    [(name, error)] = simulation.pop_errors().items()
    assert (name, str(error)) == ("failing", "an error")
    await simulation.settle(within=20)
    await simulation.close()
