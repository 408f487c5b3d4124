"""`python -m loadtests.chaos`: do faults to a whole deployment while people talk, and judge.

Exit status 0: nothing was lost, doubled, reordered or leaked. 1: something was, or did not come
back. 2: the run does not count, since a fault was not seen to take effect or too little was said.
"""

import argparse
import sys
from contextlib import ExitStack
from pathlib import Path

from loadtests.chaos.kinds import KINDS, Kind
from loadtests.chaos.live import say
from loadtests.chaos.net import Net, why_not
from loadtests.chaos.outcome import Outcome
from loadtests.chaos.run import PEOPLE, TABS, Sizes, run
from loadtests.chaos.schedule import DoesNotFit, choose, draw, named
from loadtests.servers import ServerError

RESULTS = Path("data/chaos")
SECONDS, SEED = 120.0, 7


def main() -> None:
    options = parse(sys.argv[1:])
    statuses = []
    for seed in options.seeds:
        try:
            outcome = _run_one(seed, options)
        except (DoesNotFit, ServerError) as error:
            sys.exit(f"{error}")
        _print(outcome)
        statuses.append(outcome.status)
    sys.exit(max(statuses, key=[0, 2, 1].index))


def parse(arguments: list[str]) -> argparse.Namespace:
    parser = argparse.ArgumentParser("python -m loadtests.chaos", description=__doc__)
    parser.add_argument("--seconds", type=float, default=SECONDS, help="of faults (default 120)")
    parser.add_argument("--seed", type=int, default=SEED, help="draws schedule and people")
    parser.add_argument("--seeds", type=_seeds, help="several runs: 1-10, or 1,5,7")
    parser.add_argument("--faults", type=_kinds, help="only these, with commas between")
    parser.add_argument("--people", type=int, default=PEOPLE, help="how many people")
    parser.add_argument("--tabs", type=int, default=TABS, help="how many tabs they have in all")
    parser.add_argument("--list", action="store_true", help="print the schedule and do nothing")
    parser.add_argument("--folder", type=Path, default=RESULTS, help="where results are kept")
    options = parser.parse_args(arguments)
    options.seeds = options.seeds or [options.seed]
    return options


def _run_one(seed: int, options: argparse.Namespace) -> Outcome:
    kinds = options.faults or choose(seed, options.seconds, KINDS)
    reason = why_not()
    if reason:
        say(f"{reason} All servers run on loopback, and no cable can be cut.")
        kinds = [kind for kind in kinds if not kind.needs_net]
    schedule = draw(seed, options.seconds, kinds)
    say(f"Seed {seed}: {len(schedule)} faults of {len(set(kinds))} kinds")
    for entry in schedule:
        say(str(entry))
    if options.list:
        sys.exit(0)
    with ExitStack() as stack:
        net = None if reason else stack.enter_context(Net())
        sizes = Sizes(options.people, options.tabs)
        return run(seed, schedule, net, options.folder / str(seed), sizes)


def _print(outcome: Outcome) -> None:
    for row in outcome.rows:
        print(row)
    for line in outcome.told:
        print(line)
    print(
        f"Seed {outcome.seed}: {outcome.acknowledged} messages acknowledged, "
        f"{outcome.per_second:.1f}/s outside outages; wrong: {outcome.wrong or 'nothing'}"
    )
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
