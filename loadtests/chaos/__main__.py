"""`python -m loadtests.chaos`: inject faults into a deployment while users chat, and judge the run.

Exit status: 0 nothing was lost, duplicated, reordered or leaked. 1 something was, or a user or
server did not recover. 2 the run does not count: a fault had no visible effect, too few messages
were sent, or the run was aborted. Of several runs the worst status is returned; each run is judged
independently of the others.
"""

import argparse
import json
import sys
from contextlib import ExitStack
from functools import partial
from pathlib import Path
from typing import Any

from loadtests.chaos import clock, report
from loadtests.chaos.fault_catalogue import FAULT_KINDS
from loadtests.chaos.fault_kind import FaultKind, supported
from loadtests.chaos.network import Network, unavailable_reason
from loadtests.chaos.outcome import Outcome
from loadtests.chaos.run import LEAST_PER_SECOND, SUMMARY, TABS, USERS, Options, run
from loadtests.chaos.runs import attempt, cover_every_fault, exit_status
from loadtests.chaos.schedule import (
    DoesNotFit,
    ScheduledFault,
    choose,
    draw,
    least_seconds,
    named,
)
from loadtests.lib import exit_codes
from loadtests.lib.console import log
from loadtests.lib.machine import Machine, commits_of
from loadtests.lib.servers.process import ROOT

RESULTS = Path("data/chaos")
SECONDS, SEED = 120.0, 7
PAGE_NAME = report.PAGE.relative_to(ROOT)


def main() -> None:
    options = parse(sys.argv[1:])
    if options.list:
        sys.exit(_list(options))
    one_run = partial(_saved_run if options.read else _new_run, options)
    try:
        attempts = [attempt(seed, one_run) for seed in options.seeds]
    except KeyboardInterrupt:
        log("Interrupted: this run has no result. Earlier runs are saved (--read).")
        sys.exit(exit_codes.NOT_RUN)
    outcomes = [outcome for outcome in attempts if outcome is not None]
    worst = exit_status(attempts)
    if options.write or cover_every_fault(outcomes):
        if worst:
            log(f"{PAGE_NAME} is not updated: only runs of status 0 are written there.")
        else:
            report.write(outcomes, _machine_of(options), alone=options.alone)
            log(f"Updated {PAGE_NAME}.")
    sys.exit(worst)


def parse(arguments: list[str]) -> argparse.Namespace:
    parser = argparse.ArgumentParser("python -m loadtests.chaos", description=__doc__)
    add = parser.add_argument
    add("--seconds", type=float, help="of faults (120; with --alone as long as all of them take)")
    add("--alone", action="store_true", help="one fault at a time, to see the effect of each")
    add("--seed", type=int, default=SEED, help="determines the schedule and the users")
    add("--seeds", type=_seeds, help="several runs: 1-10, or 1,5,7")
    add("--faults", type=_kinds, help="only these, separated by commas")
    add("--users", type=int, default=USERS, help="number of users (%(default)s)")
    add("--tabs", type=int, default=TABS, help="total number of tabs (%(default)s)")
    add(
        "--min-rate",
        type=float,
        default=LEAST_PER_SECOND,
        help="messages a second below which the run does not count (%(default)g)",
    )
    add(
        "--deadline-factor",
        type=float,
        default=1.0,
        help="multiplies the deadlines of presence and revocation, for a busy machine",
    )
    add("--write", action="store_true", help=f"update {PAGE_NAME} even without every fault")
    add("--read", action="store_true", help="print the outcomes of earlier runs again")
    add("--list", action="store_true", help="print the schedule and exit")
    add("--folder", type=Path, default=RESULTS, help="for results (%(default)s)")
    options = parser.parse_args(arguments)
    options.seeds = options.seeds or [options.seed]
    return options


def _list(options: argparse.Namespace) -> int:
    """Print the schedules; return the exit status."""
    try:
        for seed in options.seeds:
            _draw(options, seed, unavailable_reason())
    except DoesNotFit as error:
        log(str(error))
        return exit_codes.NOT_RUN
    return exit_codes.PASSED


def _new_run(options: argparse.Namespace, seed: int) -> Outcome:
    no_network = unavailable_reason()
    schedule = _draw(options, seed, no_network)
    run_options = Options(
        options.users, options.tabs, options.min_rate, options.deadline_factor, options.alone
    )
    with ExitStack() as stack:
        network = None if no_network else stack.enter_context(Network())
        outcome = run(seed, schedule, network, _folder(options, seed), run_options)
    _print(outcome)
    return outcome


def _draw(options: argparse.Namespace, seed: int, no_network: str) -> list[ScheduledFault]:
    """Draw and print a run's schedule. Raises DoesNotFit.

    `no_network` says why hosts cannot have their own network links, or is empty.
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
    outcome = Outcome.from_json(_summary(options, seed))
    _print(outcome)
    return outcome


def _machine_of(options: argparse.Namespace) -> Machine:
    """Return the machine of the last run, with the commits of all of them."""
    machines: list[Machine] = [_summary(options, seed)["machine"] for seed in options.seeds]
    return machines[-1] | {"commit": commits_of(machines)}


def _summary(options: argparse.Namespace, seed: int) -> dict[str, Any]:
    saved: dict[str, Any] = json.loads((_folder(options, seed) / SUMMARY).read_text())
    return saved


def _folder(options: argparse.Namespace, seed: int) -> Path:
    folder: Path = options.folder / (f"alone-{seed}" if options.alone else str(seed))
    return folder


def _print(outcome: Outcome) -> None:
    for row in outcome.rows:
        print(row)
    for violation in outcome.violations:
        print(violation)
    print(f"Seed {outcome.seed}, {outcome.per_second:.1f} messages a second outside outages:")
    print(outcome.summary.counts)
    if outcome.trouble:
        print(f"Seed {outcome.seed}: {outcome.trouble}")
    if outcome.inconclusive:
        print(f"Seed {outcome.seed} does not count: {outcome.inconclusive}.")


def _kinds(names: str) -> list[FaultKind]:
    try:
        return named(names)
    except KeyError as unknown:
        known = ", ".join(kind.name for kind in FAULT_KINDS)
        raise argparse.ArgumentTypeError(
            f"no fault is called {unknown}; there are {known}"
        ) from None


def _seeds(text: str) -> list[int]:
    try:
        ranges = [part.partition("-") for part in text.split(",")]
        return [
            seed for first, _, last in ranges for seed in range(int(first), int(last or first) + 1)
        ]
    except ValueError:
        raise argparse.ArgumentTypeError(
            f"{text!r} is no list of seeds: give 1-10, or 1,5,7"
        ) from None


if __name__ == "__main__":
    main()
