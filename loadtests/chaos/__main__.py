"""`python -m loadtests.chaos`: inject faults into a deployment while users chat, and judge the run.

Exit status: 0 nothing was lost, duplicated, reordered or leaked. 1 something was, or a user or
server did not recover. 2 the run does not count: a fault had no visible effect, too few messages
were sent, or the run was aborted. Of several runs the worst status is returned; each run is judged
independently of the others.
"""

import argparse
import json
import sys
from collections.abc import Callable, Sequence
from contextlib import ExitStack
from functools import partial
from pathlib import Path
from typing import Any

import psycopg

from loadtests.chaos import clock, report
from loadtests.chaos.fault_catalogue import FAULT_KINDS, KIND_BY_NAME
from loadtests.chaos.fault_kind import FaultKind, supported
from loadtests.chaos.network import Network, NetworkError, unavailable_reason
from loadtests.chaos.outcome import INCONCLUSIVE, Outcome
from loadtests.chaos.run import SUMMARY, run
from loadtests.chaos.schedule import (
    DoesNotFit,
    ScheduledFault,
    choose,
    draw,
    least_seconds,
    named,
)
from loadtests.lib import exit_codes
from loadtests.lib.client.rest import RefusedError
from loadtests.lib.console import log
from loadtests.lib.machine import commits_of
from loadtests.lib.servers import ServerError
from loadtests.lib.servers.process import ROOT

SECONDS = 120.0
PAGE_NAME = report.PAGE.relative_to(ROOT)
BEST_TO_WORST = [exit_codes.PASSED, INCONCLUSIVE, exit_codes.FAILED]


class UnreadableRun(Exception):
    """The saved outcome of an earlier run cannot be read. The text says why."""


# Errors that end a run before there is anything to judge. OSError includes refused connections and
# timeouts.
ABORTING = (
    *(DoesNotFit, NetworkError, ServerError, RefusedError, UnreadableRun),
    *(psycopg.Error, OSError),
)


def main() -> None:
    options = parse(sys.argv[1:])
    one_run = partial(_saved_run if options.read else _new_run, options)
    try:
        attempts = [attempt(seed, one_run) for seed in options.seeds]
    except KeyboardInterrupt:
        log("Interrupted: this run has no result. Earlier runs are saved (--read).")
        sys.exit(exit_codes.NOT_RUN)
    outcomes = [outcome for outcome in attempts if outcome is not None]
    worst = exit_status(attempts)
    if cover_every_fault(outcomes) and worst:
        log(f"{PAGE_NAME} is not updated: only runs of status 0 are written there.")
    elif cover_every_fault(outcomes):
        machines = [_summary(options, seed)["machine"] for seed in options.seeds]
        machine = machines[-1] | {"commit": commits_of(machines)}
        report.write(outcomes, machine, alone=options.alone)
        log(f"Updated {PAGE_NAME}.")
    sys.exit(worst)


def parse(arguments: list[str]) -> argparse.Namespace:
    parser = argparse.ArgumentParser("python -m loadtests.chaos", description=__doc__)
    add = parser.add_argument
    add("--seconds", type=float, help="of faults (120; with --alone as long as all of them take)")
    add("--alone", action="store_true", help="one fault at a time, to see the effect of each")
    add("--seed", type=int, default=7, help="determines the schedule and the users")
    add("--seeds", type=_seeds, help="several runs: 1-10, or 1,5,7")
    add("--faults", type=_kinds, help="only these, separated by commas")
    add("--users", type=int, default=100, help="number of users (%(default)s)")
    add("--tabs", type=int, default=240, help="total number of tabs (%(default)s)")
    less = "messages a second below which the run does not count (%(default)g)"
    add("--min-rate", type=float, default=20.0, help=less)
    longer = "multiplies the deadlines of presence and revocation, for a busy machine"
    add("--deadline-factor", type=float, default=1.0, help=longer)
    add("--read", action="store_true", help="print the outcomes of earlier runs again")
    add("--folder", type=Path, default=Path("data/chaos"), help="for results (%(default)s)")
    options = parser.parse_args(arguments)
    options.seeds = options.seeds or [options.seed]
    return options


def _kinds(names: str) -> list[FaultKind]:
    try:
        return named(names)
    except KeyError as unknown:
        known = ", ".join(KIND_BY_NAME)
        message = f"no fault is called {unknown}; there are {known}"
        raise argparse.ArgumentTypeError(message) from None


def _seeds(text: str) -> list[int]:
    try:
        ranges = [part.partition("-") for part in text.split(",")]
        return [
            seed for first, _, last in ranges for seed in range(int(first), int(last or first) + 1)
        ]
    except ValueError:
        message = f"{text!r} is no list of seeds: give 1-10, or 1,5,7"
        raise argparse.ArgumentTypeError(message) from None


def attempt(seed: int, run: Callable[[int], Outcome]) -> Outcome | None:
    """Return the outcome of a run. If the run was aborted, log the reason and return None."""
    try:
        return run(seed)
    except ABORTING as error:
        log(f"Seed {seed} was aborted: {error}")
        return None


def exit_status(attempts: Sequence[Outcome | None]) -> int:
    """Return the worst status of all runs."""
    statuses = (INCONCLUSIVE if one is None else one.status for one in attempts)
    return max(statuses, key=BEST_TO_WORST.index)


def cover_every_fault(outcomes: Sequence[Outcome]) -> bool:
    return {row.name for outcome in outcomes for row in outcome.rows} == KIND_BY_NAME.keys()


def _new_run(options: argparse.Namespace, seed: int) -> Outcome:
    no_network = unavailable_reason()
    schedule = _draw(options, seed, no_network)
    with ExitStack() as stack:
        network = None if no_network else stack.enter_context(Network())
        return _printed(run(seed, schedule, network, _folder(options, seed), options))


def _draw(options: argparse.Namespace, seed: int, no_network: str) -> list[ScheduledFault]:
    """Draw and print a run's schedule. Raises DoesNotFit.

    `no_network` says why hosts cannot have their own network links; it is empty if they can.
    """
    if no_network:
        log(f"{no_network} All servers run on loopback, without faults of network links.")
    if not clock.available():
        log("No C compiler (apt-get install gcc libc6-dev): clocks cannot be set.")
    kinds = supported(
        options.faults or FAULT_KINDS, has_network=not no_network, has_clocks=clock.available()
    )
    alone = options.alone
    seconds = options.seconds or (least_seconds(kinds, alone=True) if alone else SECONDS)
    chosen = kinds if options.faults else choose(seed, seconds, kinds, alone=alone)
    schedule = draw(seed, seconds, chosen, alone=alone)
    different = {fault.kind for fault in schedule}
    log(f"Seed {seed}: {len(schedule)} faults of {len(different)} kinds")
    for fault in schedule:
        log(str(fault))
    return schedule


def _saved_run(options: argparse.Namespace, seed: int) -> Outcome:
    try:
        return _printed(Outcome.from_json(_summary(options, seed)))
    except ValueError:  # the file is not JSON, or its JSON is not that of an outcome
        file = _folder(options, seed) / SUMMARY
        raise UnreadableRun(f"{file} is damaged, or written by another version.") from None


def _summary(options: argparse.Namespace, seed: int) -> dict[str, Any]:
    saved: dict[str, Any] = json.loads((_folder(options, seed) / SUMMARY).read_text())
    return saved


def _folder(options: argparse.Namespace, seed: int) -> Path:
    folder: Path = options.folder / (f"alone-{seed}" if options.alone else str(seed))
    return folder


def _printed(outcome: Outcome) -> Outcome:
    for line in outcome.lines():
        print(line)
    return outcome


if __name__ == "__main__":
    main()
