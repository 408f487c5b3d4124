"""One run: a deployment, a crowd in it, the faults of a schedule, and what came of it.

What everybody saw is held against the log at the end, when all is healed, everybody is back and
nobody says anything any more. A run counts only when every fault was seen and people could talk.
"""

import asyncio
import json
import time
from collections.abc import Sequence
from contextlib import AsyncExitStack
from dataclasses import dataclass
from pathlib import Path

import psycopg

from loadtests.chaos.deployment import Deployment
from loadtests.chaos.executor import Performance
from loadtests.chaos.faults import Scene
from loadtests.chaos.network import Network
from loadtests.chaos.outcome import USUAL, Outcome, conclude, times, windows
from loadtests.chaos.progress_line import Live
from loadtests.chaos.schedule import Entry
from loadtests.chaos.supervisor import supervised
from loadtests.lib import machine
from loadtests.lib.checker import Log, read_log
from loadtests.lib.checker.recorded_run import Run
from loadtests.lib.checker.run_files import write_run
from loadtests.lib.console import log_above_status
from loadtests.lib.simulation import ActivityRates, Simulation, simulate
from loadtests.lib.simulation.simulated_user import SimulatedTab

PEOPLE, TABS, LEAST_PER_SECOND = 100, 240, 20.0
SAID_BY_EACH = 0.6  # a second, with edits and deletions, while all is well
BACK_SECONDS = 60.0
SUMMARY = "summary.json"
CALM_SECONDS = 3.0  # of talk without faults, at the end


@dataclass(frozen=True, slots=True)
class Sizes:
    people: int = PEOPLE
    tabs: int = TABS
    least_per_second: float = LEAST_PER_SECOND  # acknowledged outside outages, or it does not count
    patience: float = 1.0  # so many times as long may it take that people are shown, or put out

    @property
    def paces(self) -> ActivityRates:
        return ActivityRates(messages_per_second=SAID_BY_EACH * self.people)


def run(
    seed: int,
    schedule: Sequence[Entry],
    net: Network | None,
    folder: Path,
    sizes: Sizes,
    *,
    alone: bool = False,
) -> Outcome:
    """Do it all; return what came of it. What was seen is left in the folder.

    With `alone` a fault waits until the one before is settled, whatever the schedule says.
    """
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "schedule").write_text("".join(f"{entry}\n" for entry in schedule))
    log_above_status("Starting nginx, web, three replicas, Redis and Postgres")
    with Deployment(net) as deployment:
        try:
            outcome = asyncio.run(_live_through(seed, schedule, deployment, folder, sizes, alone))
        finally:
            _keep_logs(deployment, folder)
    facts = outcome.as_json() | {"machine": machine.describe()}
    (folder / SUMMARY).write_text(json.dumps(facts, indent=1))
    return outcome


async def _live_through(
    seed: int,
    schedule: Sequence[Entry],
    deployment: Deployment,
    folder: Path,
    sizes: Sizes,
    alone: bool,
) -> Outcome:
    owner, identities = await asyncio.to_thread(_seed, deployment, folder, sizes.people)
    log_above_status(f"{sizes.people} people open {sizes.tabs} tabs")
    async with AsyncExitStack() as stack:
        addresses = [deployment.nginx.address]
        crowd = await stack.enter_async_context(
            simulate(
                addresses,
                identities,
                seed=seed,
                owner=owner,
                tabs=sizes.tabs,
                rates=sizes.paces,
            )
        )
        supervisor = await stack.enter_async_context(supervised(deployment))
        scene = Scene(deployment, supervisor, lambda: [tab.client for tab in crowd.tabs])
        performance = Performance(scene, alone)
        listeners = crowd.listeners
        began = time.monotonic()
        async with Live(crowd, performance):
            await performance.give(schedule, log_above_status)
            # What went wrong in somebody's act is told, and the run is judged all the same.
            stumbled = _stumbled(crowd)
            restless = await _come_to_rest(crowd)
        histories = await crowd.histories()
        stumbled += _stumbled(crowd)
    log_above_status("Everybody went; what they saw is held against the log")
    happened = performance.happened
    seen = Run(
        histories,
        await asyncio.to_thread(_log, deployment),
        # Views of a place that did not come to rest are not the last ones.
        left_early={one.name for one in histories} if restless else crowd.left_early,
        listeners=listeners,
        windows=windows(happened, sizes.patience),
        promises=times(USUAL, sizes.patience),
    )
    write_run(seen, folder)
    trouble = "\n".join(filter(None, [restless, *stumbled]))
    ended = max((one.settled for one in happened), default=began)
    span = began, ended
    return conclude(seed, span, happened, seen, sizes.least_per_second, trouble, alone=alone)


def _log(deployment: Deployment) -> Log:
    with psycopg.connect(deployment.postgres.url(deployment.cluster.name)) as postgres:
        return read_log(postgres)


async def _come_to_rest(crowd: Simulation) -> str:
    """Wait until everybody is back and quiet; return what did not come to that."""
    try:
        await crowd.wait_until_recovered(BACK_SECONDS)
        await asyncio.sleep(CALM_SECONDS)
        await crowd.settle(BACK_SECONDS)
        await crowd.wait_until_presence_agrees(BACK_SECONDS)
    except TimeoutError as error:
        absent = [f"{error}", *(_told(tab) for tab in crowd.tabs if not tab.is_recovered)]
        return "\n".join(absent)
    except Exception as error:  # of the crowd's own, in the last seconds
        return f"{type(error).__name__}: {error}"
    return ""


def _stumbled(crowd: Simulation) -> list[str]:
    faults = crowd.pop_errors().items()
    return [f"{name}: {type(fault).__name__}: {fault}" for name, fault in faults]


def _told(tab: SimulatedTab) -> str:
    client = tab.client
    where = f"connected to {client.address}" if client.connected else "not connected"
    sent_away = f", sent away with {client.stop_code}" if client.stop_code else ""
    pending = list(client.protocol.pending.values())
    return f"{tab.name} is {where}{sent_away}; it lacks {tab.missing or 'no room'}; {pending}"


def _seed(deployment: Deployment, folder: Path, count: int) -> tuple[str, list[str]]:
    """Make people; return the owner's session and everybody else's."""
    cast, crowd = folder / "cast", folder / "crowd"
    seed = ("seed", "--yes", "--sessions")
    try:
        deployment.cluster.manage(*seed, str(cast))
        deployment.cluster.manage(*seed, str(crowd), "--users", str(count))
        return cast.read_text().splitlines()[0], crowd.read_text().splitlines()
    finally:
        cast.unlink(missing_ok=True)
        crowd.unlink(missing_ok=True)


def _keep_logs(deployment: Deployment, folder: Path) -> None:
    for number, server in enumerate(deployment.servers):
        (folder / f"{number}-{server.name}.log").write_text(server.tail(500))
