"""Performs one run: starts a deployment and simulated users, injects faults, judges the outcome.

At the end of a run, all faults are healed, and all users have reconnected and stopped sending. Then
everything that the tabs received is checked against the log. A run counts only if every fault had a
visible effect and users could send.
"""

import asyncio
import json
import time
from argparse import Namespace
from pathlib import Path

import psycopg

from loadtests.chaos.deployment import ChaosDeployment
from loadtests.chaos.executor import FaultExecutor
from loadtests.chaos.faults.fault import FaultContext
from loadtests.chaos.network import Network
from loadtests.chaos.outcome import USUAL, Outcome, conclude, extended, fault_windows
from loadtests.chaos.schedule import Schedule
from loadtests.chaos.supervisor import supervised
from loadtests.lib import machine
from loadtests.lib.checker import read_log
from loadtests.lib.checker.recorded_run import RecordedRun
from loadtests.lib.checker.run_files import write_run
from loadtests.lib.client.history import EventReceived
from loadtests.lib.console import log_above_status
from loadtests.lib.progress import live_line
from loadtests.lib.servers.seed import seed_users
from loadtests.lib.simulation import ActivityRates, Simulation, simulate
from loadtests.lib.simulation.simulated_user import SimulatedTab

# How many messages a second each user sends while nothing is wrong, including edits and deletions.
RATE_OF_EACH = 0.6
RECOVERY_SECONDS = 60.0
SUMMARY = "summary.json"
CALM_SECONDS = 3.0  # how long users send without faults at the end of the run
LINE_SECONDS, LINE_SECONDS_IN_A_FILE = 1.0, 5.0
RATE_SECONDS = 5.0  # the live line shows the message rate over this time


def run(
    seed: int, schedule: Schedule, network: Network | None, folder: Path, options: Namespace
) -> Outcome:
    """Run the schedule and return the outcome.

    The folder then has the histories, the log of events and the logs of the servers.
    """
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "schedule").write_text("".join(f"{fault}\n" for fault in schedule))
    log_above_status("Starting nginx, web, three replicas, Redis and Postgres")
    with ChaosDeployment(network) as deployment:
        try:
            executor, recorded, trouble = asyncio.run(
                _simulate(seed, schedule, deployment, options)
            )
        finally:
            for number, server in enumerate(deployment.servers):
                (folder / f"{number}-{server.name}.log").write_text(server.tail(500))
    write_run(recorded, folder)
    outcome = conclude(
        seed,
        executor.span,
        executor.executions,
        recorded,
        options.min_rate,
        trouble,
        alone=options.alone,
    )
    facts = outcome.as_json() | {"machine": machine.describe()}
    (folder / SUMMARY).write_text(json.dumps(facts, indent=1))
    return outcome


async def _simulate(
    seed: int, schedule: Schedule, deployment: ChaosDeployment, options: Namespace
) -> tuple[FaultExecutor, RecordedRun, str]:
    """Run simulated users during the faults, until everything is calm again.

    Return the faults as they happened, what the users received and did, and what went wrong.
    """
    manage = deployment.cluster.manage
    owner, *_ = await asyncio.to_thread(seed_users, manage)
    sessions = await asyncio.to_thread(seed_users, manage, options.users)
    log_above_status(f"{options.users} users open {options.tabs} tabs")
    rates = ActivityRates(messages_per_second=RATE_OF_EACH * options.users)
    users = simulate(
        [deployment.nginx.address], sessions, seed=seed, owner=owner, tabs=options.tabs, rates=rates
    )
    async with users as simulation, supervised(deployment) as supervisor:
        context = FaultContext(
            deployment, supervisor, lambda: [tab.client for tab in simulation.tabs]
        )
        executor, listeners = FaultExecutor(context, options.alone), simulation.listeners
        errors, not_recovered = await _inject_faults(schedule, simulation, executor)
        histories, left_early = await simulation.histories(), simulation.left_early
        errors += _user_errors(simulation)
    log_above_status("All users have left; checking what they received against the log")
    with psycopg.connect(deployment.postgres.url(deployment.cluster.name)) as postgres:
        log = read_log(postgres)
    recorded = RecordedRun(
        histories,
        log,
        # If the deployment did not become calm, the views of the tabs are not final, so the checker
        # must not compare them with the log.
        left_early={one.name for one in histories} if not_recovered else left_early,
        listeners=listeners,
        windows=fault_windows(executor.executions, options.deadline_factor),
        promises=extended(USUAL, options.deadline_factor),
    )
    return executor, recorded, "\n".join(filter(None, [not_recovered, *errors]))


async def _inject_faults(
    schedule: Schedule, simulation: Simulation, executor: FaultExecutor
) -> tuple[list[str], str]:
    """Run the schedule until everything is calm.

    Return the users' errors, and the users or servers that did not recover.
    """

    def line() -> str:
        return _live_line(simulation, executor)

    async with live_line(line, LINE_SECONDS, LINE_SECONDS_IN_A_FILE):
        await executor.run(schedule, log_above_status)
        # An error in a simulated user is reported, and the run is still judged.
        return _user_errors(simulation), await _wait_until_calm(simulation)


def _live_line(simulation: Simulation, executor: FaultExecutor) -> str:
    """Return the elapsed time, the rate, the longest current silence, and the active faults."""
    now, tabs, listeners = time.monotonic(), simulation.tabs, simulation.listeners
    connected = sum(tab.client.connected for tab in tabs)
    silence = max((_silence(tab, now) for tab in tabs if tab.name in listeners), default=0.0)
    rate = simulation.acknowledged_since(now - RATE_SECONDS) / RATE_SECONDS
    return (
        f"{now - executor.started:5.0f} s  {rate:5.1f}/s  {connected}/{len(tabs)} connected  "
        f"silence {silence:4.1f} s  {', '.join(executor.active) or 'no fault'}"
    )


def _silence(tab: SimulatedTab, now: float) -> float:
    newest = tab.client.history.newest(EventReceived)
    return now - newest.at if newest else 0.0


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
    except Exception as error:  # an error of a simulated user in the last seconds
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
