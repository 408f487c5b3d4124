"""A crowd that does all that people do is shown the truth, also when a replica dies under it."""

import asyncio
import time
from contextlib import ExitStack
from pathlib import Path

import pytest

from loadtests.lib.checker import Deadlines, Promises, check, format_violations
from loadtests.lib.client.history import AccessRevoked
from loadtests.lib.simulation import Crowd, Paces, people
from loadtests.lib.simulation.plan import Habit, Plan
from tests.cluster.stage import Stage, start

pytestmark = pytest.mark.deployment

SEED, PEOPLE, TABS = 5, 14, 28
QUICK = Paces(messages_per_second=60).times(0.1)
ALL_ACTS = {"send", "edit", "delete", *(habit.value for habit in Habit if habit is not Habit.SIT)}
# As a busy machine keeps them.
PROMISES = Promises(present_seconds=10, gone_seconds=20, revoked_seconds=10)


@pytest.fixture
def identities(stage: Stage, tmp_path: Path) -> list[str]:
    """Sessions of this test's own: some of them are signed out."""
    path = tmp_path / "sessions"
    stage.cluster.manage("seed", "--yes", "--users", str(PEOPLE), "--sessions", str(path))
    return path.read_text().splitlines()


async def test_a_crowd_sees_nothing_wrong(stage: Stage, identities: list[str]) -> None:
    owner = stage.person("alice").identity
    async with people(
        stage.addresses, identities, seed=SEED, owner=owner, tabs=TABS, paces=QUICK
    ) as crowd:
        began = time.monotonic()
        await everything_was_done(crowd)
        victim = stage.cluster.replicas[1]
        victim.kill()
        await crowd.tabs[0].client.drop_connection()
        await start(victim)
        await crowd.until_all_are_back(within=20)
        assert crowd.acknowledged_since(began) >= crowd.acts["send"] / 2
        await crowd.settle(within=20)
        await crowd.until_all_agree(within=30)
        early = crowd.left_early
        histories = await crowd.histories()
    faults = check(histories, stage.log(), left_early=early, patience=Deadlines(PROMISES))
    assert not faults, format_violations(faults)
    assert any(isinstance(deed, AccessRevoked) for deed in crowd.deeds.entries)


async def everything_was_done(crowd: Crowd) -> None:
    listening = next(tab for tab in crowd.tabs if tab.name in crowd.listeners)
    await listening.client.wait_until(lambda: crowd.acts.keys() >= ALL_ACTS, within=40)


async def test_it_names_the_tab_that_is_not_back_and_bans_nobody_without_an_owner(
    stage: Stage, identities: list[str]
) -> None:
    async with people(stage.addresses, identities, seed=SEED, paces=QUICK) as crowd:
        with ExitStack() as standing_still:
            for replica in stage.cluster.replicas:
                standing_still.enter_context(replica.paused())
            with pytest.raises(TimeoutError, match=r"^person-\d+, tab \d .*at 127\.0\.0\.1"):
                await crowd.until_all_are_back(within=0.5)
        await crowd.until_all_are_back(within=20)
        await crowd.settle(within=20)
    assert crowd.acts["be banned"] == 0


async def test_what_goes_wrong_in_the_crowd_itself_is_raised() -> None:
    async def stumble() -> None:
        raise LookupError("a shoelace")

    crowd = Crowd([], Plan.draw(SEED, PEOPLE, TABS), QUICK, None)
    crowd.start(stumble(), "stumbling")
    with pytest.raises(LookupError, match="a shoelace"):
        await crowd.settle(within=20)
    await crowd.close()


async def test_what_went_wrong_in_it_may_be_taken_and_is_not_raised_then() -> None:
    async def stumble() -> None:
        raise LookupError("a shoelace")

    crowd = Crowd([], Plan.draw(SEED, PEOPLE, TABS), QUICK, None)
    crowd.start(stumble(), "stumbling")
    await asyncio.sleep(0)
    [(name, fault)] = crowd.take_faults().items()
    assert (name, str(fault)) == ("stumbling", "a shoelace")
    await crowd.settle(within=20)
    await crowd.close()
