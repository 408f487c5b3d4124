"""`python -m loadtests.chaos`: do faults to a whole deployment while people talk, and judge.

Exit status 0: nothing was lost, doubled, reordered or leaked. 1: something was, or did not come
back. 2: the run does not count, since a fault was not seen to take effect or too little was said,
or it came to nothing. Of several runs the worst speaks; each is judged, whatever comes of others.
"""

import argparse
import json
import sys
from contextlib import ExitStack
from functools import partial
from pathlib import Path
from typing import Any

from loadtests.chaos import clock, reliability_page
from loadtests.chaos.fault_catalogue import KINDS
from loadtests.chaos.fault_kind import Kind, possible
from loadtests.chaos.network import Network, unavailable_reason
from loadtests.chaos.outcome import Outcome
from loadtests.chaos.run import LEAST_PER_SECOND, PEOPLE, SUMMARY, TABS, Sizes, run
from loadtests.chaos.runs import attempt, have_every_fault, status
from loadtests.chaos.schedule import DoesNotFit, Entry, choose, draw, least_seconds, named
from loadtests.lib import exit_codes, machine
from loadtests.lib.console import log
from loadtests.lib.servers.process import ROOT

RESULTS = Path("data/chaos")
SECONDS, SEED = 120.0, 7
PAGE_NAME = reliability_page.PAGE.relative_to(ROOT)


def main() -> None:
    options = parse(sys.argv[1:])
    if options.list:
        sys.exit(_list(options))
    one = partial(_saved if options.read else _run_one, options)
    try:
        attempts = [attempt(seed, one) for seed in options.seeds]
    except KeyboardInterrupt:
        log("Interrupted: this run says nothing; the ones before it are kept (--read).")
        sys.exit(exit_codes.NOT_RUN)
    outcomes = [outcome for outcome in attempts if outcome is not None]
    worst = status(attempts)
    if options.write or have_every_fault(outcomes):
        if worst:
            log(f"{PAGE_NAME} stays as it is: only runs of status 0 are written there")
        else:
            reliability_page.write(outcomes, _machine_of(options), alone=options.alone)
            log(f"{PAGE_NAME} has the table, too")
    sys.exit(worst)


def parse(arguments: list[str]) -> argparse.Namespace:
    parser = argparse.ArgumentParser("python -m loadtests.chaos", description=__doc__)
    parser.add_argument(
        "--seconds", type=float, help="of faults (default 120; with --alone what all of them take)"
    )
    parser.add_argument(
        "--alone", action="store_true", help="one fault at a time: what is noticed is of that one"
    )
    parser.add_argument("--seed", type=int, default=SEED, help="draws schedule and people")
    parser.add_argument("--seeds", type=_seeds, help="several runs: 1-10, or 1,5,7")
    parser.add_argument("--faults", type=_kinds, help="only these, with commas between")
    parser.add_argument("--people", type=int, default=PEOPLE, help="how many people")
    parser.add_argument("--tabs", type=int, default=TABS, help="how many tabs they have in all")
    parser.add_argument(
        "--least", type=float, default=LEAST_PER_SECOND, help="messages a second, or it counts not"
    )
    parser.add_argument(
        "--patience",
        type=float,
        default=1.0,
        help="on a busy machine: presence and revocation may take so many times as long",
    )
    parser.add_argument(
        "--write", action="store_true", help=f"write {PAGE_NAME} without every fault, too"
    )
    parser.add_argument("--read", action="store_true", help="runs of before: what came of them")
    parser.add_argument("--list", action="store_true", help="print the schedule and do nothing")
    parser.add_argument("--folder", type=Path, default=RESULTS, help="where results are kept")
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


def _run_one(options: argparse.Namespace, seed: int) -> Outcome:
    reason = unavailable_reason()
    schedule = _draw(options, seed, reason)
    with ExitStack() as stack:
        net = None if reason else stack.enter_context(Network())
        sizes = Sizes(options.people, options.tabs, options.least, options.patience)
        folder = _folder(options, seed)
        outcome = run(seed, schedule, net, folder, sizes, alone=options.alone)
    _print(outcome)
    return outcome


def _draw(options: argparse.Namespace, seed: int, reason: str) -> list[Entry]:
    """Return a run's schedule, and print it. Raises DoesNotFit.

    `reason` says why no cable can be cut, if that is so.
    """
    if reason:
        log(f"{reason} All servers run on loopback, and no cable can be cut.")
    if not clock.can_be_set():
        log("No C can be compiled here (apt-get install gcc libc6-dev): no clock can be set.")
    kinds = possible(options.faults or KINDS, has_net=not reason, has_clocks=clock.can_be_set())
    alone = options.alone
    seconds = options.seconds or (least_seconds(kinds, alone=True) if alone else SECONDS)
    chosen = kinds if options.faults else choose(seed, seconds, kinds, alone=alone)
    schedule = draw(seed, seconds, chosen, alone=alone)
    log(f"Seed {seed}: {len(schedule)} faults of {len({entry.kind for entry in schedule})} kinds")
    for entry in schedule:
        log(str(entry))
    return schedule


def _saved(options: argparse.Namespace, seed: int) -> Outcome:
    outcome = Outcome.from_json(_summary(options, seed))
    _print(outcome)
    return outcome


def _machine_of(options: argparse.Namespace) -> dict[str, Any]:
    """Return where the last of the runs was, and of which commits all of them are."""
    machines: list[dict[str, Any]] = [_summary(options, seed)["machine"] for seed in options.seeds]
    return machines[-1] | {"commit": machine.commits_of(machines)}


def _summary(options: argparse.Namespace, seed: int) -> dict[str, Any]:
    saved: dict[str, Any] = json.loads((_folder(options, seed) / SUMMARY).read_text())
    return saved


def _folder(options: argparse.Namespace, seed: int) -> Path:
    folder: Path = options.folder / (f"alone-{seed}" if options.alone else str(seed))
    return folder


def _print(outcome: Outcome) -> None:
    for row in outcome.rows:
        print(row)
    for line in outcome.told:
        print(line)
    print(f"Seed {outcome.seed}, {outcome.per_second:.1f} messages a second outside outages:")
    print(outcome.summary.counts)
    if outcome.trouble:
        print(f"Seed {outcome.seed}: {outcome.trouble}")
    if outcome.does_not_count:
        print(f"Seed {outcome.seed} does not count: {outcome.does_not_count}.")


def _kinds(names: str) -> list[Kind]:
    try:
        return named(names)
    except KeyError as unknown:
        known = ", ".join(kind.name for kind in KINDS)
        raise argparse.ArgumentTypeError(
            f"no fault is called {unknown}; there are {known}"
        ) from None


def _seeds(text: str) -> list[int]:
    try:
        parts = [part.partition("-") for part in text.split(",")]
        return [
            one for first, _, last in parts for one in range(int(first), int(last or first) + 1)
        ]
    except ValueError:
        raise argparse.ArgumentTypeError(
            f"{text!r} is no list of seeds: give 1-10, or 1,5,7"
        ) from None


if __name__ == "__main__":
    main()
