"""One run: a deployment, simulated users in it, the faults of a schedule, and the outcome.

At the end all faults are healed, and all users have reconnected and stopped sending. Then what
every tab received is checked against the log. A run counts only if every fault had a visible effect
and users could send.
"""

import asyncio
import json
import time
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from pathlib import Path

import psycopg

from loadtests.chaos.deployment import Deployment
from loadtests.chaos.executor import Execution, FaultExecutor
from loadtests.chaos.faults import FaultContext
from loadtests.chaos.network import Network
from loadtests.chaos.outcome import USUAL, Outcome, conclude, extended, fault_windows
from loadtests.chaos.progress_line import ProgressLine
from loadtests.chaos.schedule import Schedule
from loadtests.chaos.supervisor import supervised
from loadtests.lib import machine
from loadtests.lib.checker import Log, read_log
from loadtests.lib.checker.recorded_run import RecordedRun
from loadtests.lib.checker.run_files import write_run
from loadtests.lib.client.history import History
from loadtests.lib.console import log_above_status
from loadtests.lib.progress import live_line
from loadtests.lib.simulation import ActivityRates, Simulation, simulate
from loadtests.lib.simulation.simulated_user import SimulatedTab

USERS, TABS, LEAST_PER_SECOND = 100, 240, 20.0
RATE_OF_EACH = 0.6  # messages a second, with edits and deletions, while nothing is wrong
RECOVERY_SECONDS = 60.0
SUMMARY = "summary.json"
CALM_SECONDS = 3.0  # of messages without faults, at the end
LINE_SECONDS, LINE_SECONDS_IN_A_FILE = 1.0, 5.0


@dataclass(frozen=True, slots=True)
class Options:
    """`alone`: each fault waits until the one before has settled, even past its scheduled time."""

    users: int = USERS
    tabs: int = TABS
    least_per_second: float = LEAST_PER_SECOND  # acknowledged outside outages, or it does not count
    deadline_factor: float = 1.0  # for presence and revocation, on a busy machine
    alone: bool = False

    @property
    def rates(self) -> ActivityRates:
        return ActivityRates(messages_per_second=RATE_OF_EACH * self.users)


@dataclass(frozen=True, slots=True)
class Observations:
    """What the simulated users received and did, their errors, and the faults."""

    started: float
    executions: Sequence[Execution]
    histories: Sequence[History]
    listeners: Collection[str]
    left_early: Collection[str]
    trouble: str


def run(
    seed: int, schedule: Schedule, network: Network | None, folder: Path, options: Options
) -> Outcome:
    """Run the schedule and return the outcome; histories, log and server logs are in the folder."""
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "schedule").write_text("".join(f"{fault}\n" for fault in schedule))
    log_above_status("Starting nginx, web, three replicas, Redis and Postgres")
    with Deployment(network) as deployment:
        try:
            observed = asyncio.run(_simulate(seed, schedule, deployment, folder, options))
            log_above_status("All users have left; checking what they received against the log")
            recorded = _recorded_run(observed, _read_log(deployment), options)
        finally:
            _save_server_logs(deployment, folder)
    write_run(recorded, folder)
    outcome = _judge(seed, observed, recorded, options)
    facts = outcome.as_json() | {"machine": machine.describe()}
    (folder / SUMMARY).write_text(json.dumps(facts, indent=1))
    return outcome


async def _simulate(
    seed: int, schedule: Schedule, deployment: Deployment, folder: Path, options: Options
) -> Observations:
    """Run simulated users during the faults, until everything is calm again."""
    owner, sessions = await asyncio.to_thread(_make_users, deployment, folder, options.users)
    log_above_status(f"{options.users} users open {options.tabs} tabs")
    users = simulate(
        [deployment.nginx.address],
        sessions,
        seed=seed,
        owner=owner,
        tabs=options.tabs,
        rates=options.rates,
    )
    async with users as simulation, supervised(deployment) as supervisor:
        context = FaultContext(
            deployment, supervisor, lambda: [tab.client for tab in simulation.tabs]
        )
        executor = FaultExecutor(context, options.alone)
        listeners, started = simulation.listeners, time.monotonic()
        line = ProgressLine(simulation, executor)
        async with live_line(line, LINE_SECONDS, LINE_SECONDS_IN_A_FILE):
            await executor.run(schedule, log_above_status)
            # An error in a simulated user is reported, and the run is still judged.
            errors = _user_errors(simulation)
            not_recovered = await _wait_until_calm(simulation)
        histories = await simulation.histories()
        errors += _user_errors(simulation)
        # If the deployment did not become calm, the views are not final: do not compare them.
        all_names = {history.name for history in histories}
        left_early = all_names if not_recovered else simulation.left_early
    trouble = "\n".join(filter(None, [not_recovered, *errors]))
    return Observations(started, executor.executions, histories, listeners, left_early, trouble)


async def _wait_until_calm(simulation: Simulation) -> str:
    """Wait until all users have recovered and stopped; return what failed, or ""."""
    try:
        await simulation.wait_until_recovered(RECOVERY_SECONDS)
        await asyncio.sleep(CALM_SECONDS)
        await simulation.settle(RECOVERY_SECONDS)
        await simulation.wait_until_presence_agrees(RECOVERY_SECONDS)
    except TimeoutError as error:
        absent = [_describe(tab) for tab in simulation.tabs if not tab.is_recovered]
        return "\n".join([f"{error}", *absent])
    except Exception as error:  # of a simulated user, in the last seconds
        return f"{type(error).__name__}: {error}"
    return ""


def _user_errors(simulation: Simulation) -> list[str]:
    errors = simulation.pop_errors().items()
    return [f"{name}: {type(error).__name__}: {error}" for name, error in errors]


def _describe(tab: SimulatedTab) -> str:
    client = tab.client
    where = f"connected to {client.address}" if client.connected else "not connected"
    closed = f", closed with {client.stop_code}" if client.stop_code else ""
    pending = list(client.protocol.pending.values())
    missing = f"missing rooms {tab.missing}" if tab.missing else "all rooms open"
    return f"{tab.name} is {where}{closed}; {missing}; pending commands: {pending}"


def _recorded_run(observed: Observations, log: Log, options: Options) -> RecordedRun:
    return RecordedRun(
        observed.histories,
        log,
        left_early=observed.left_early,
        listeners=observed.listeners,
        windows=fault_windows(observed.executions, options.deadline_factor),
        promises=extended(USUAL, options.deadline_factor),
    )


def _judge(seed: int, observed: Observations, recorded: RecordedRun, options: Options) -> Outcome:
    ended = max((one.settled for one in observed.executions), default=observed.started)
    return conclude(
        seed,
        (observed.started, ended),
        observed.executions,
        recorded,
        options.least_per_second,
        observed.trouble,
        alone=options.alone,
    )


def _read_log(deployment: Deployment) -> Log:
    with psycopg.connect(deployment.postgres.url(deployment.cluster.name)) as postgres:
        return read_log(postgres)


def _make_users(deployment: Deployment, folder: Path, count: int) -> tuple[str, list[str]]:
    """Create users; return the owner's session, and those of all others."""
    cast, others = folder / "cast", folder / "others"
    seed = ("seed", "--yes", "--sessions")
    try:
        deployment.cluster.manage(*seed, str(cast))
        deployment.cluster.manage(*seed, str(others), "--users", str(count))
        return cast.read_text().splitlines()[0], others.read_text().splitlines()
    finally:
        cast.unlink(missing_ok=True)
        others.unlink(missing_ok=True)


def _save_server_logs(deployment: Deployment, folder: Path) -> None:
    for number, server in enumerate(deployment.servers):
        (folder / f"{number}-{server.name}.log").write_text(server.tail(500))
