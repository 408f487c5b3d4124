"""Fuzz for as long as is asked, elsewhere in each round: `make fuzz SECONDS=600`.

A round is the tests of this folder with more examples and a seed of its own, which is printed and
with which it can be run again; between rounds the guided fuzzer has its turn. The exit status is
that of the first find.
"""

import argparse
import os
import secrets
import subprocess
import sys
import time
from collections.abc import Mapping

from loadtests.lib.servers.process import ROOT

TESTS = "tests/fuzz"
GUIDED_SECONDS = 30


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m tests.fuzz", description=__doc__)
    parser.add_argument("--seconds", type=float, default=600, help="begin no round later (600)")
    parser.add_argument("--times", type=int, default=5, help="as many examples as CI has (5)")
    parser.add_argument("--seed", type=int, help="of the first round, to see it again")
    given = parser.parse_args()
    if given.times < 1 or (given.seed is not None and given.seed < 1):
        parser.error("give a number of 1 or more")
    return fuzz(given.seconds, given.times, given.seed or new_seed())


def fuzz(seconds: float, times: int, seed: int) -> int:
    """Go on until the time is over, or something is found; return its status."""
    began, rounds = time.monotonic(), 0
    while rounds == 0 or time.monotonic() - began < seconds:
        rounds += 1
        say(f"round {rounds}, seed {seed}, after {time.monotonic() - began:.0f} s")
        status = run_round(times, seed)
        if status:
            say(f"found something: python -m tests.fuzz --times {times} --seed {seed} --seconds 0")
            return status
        seed = new_seed()
    say(f"found nothing in {rounds} rounds and {time.monotonic() - began:.0f} s")
    return 0


def run_round(times: int, seed: int) -> int:
    environment = os.environ | {"FUZZ_TIMES": str(times), "FUZZ_SEED": str(seed)}
    quietly = ["-q", "--no-header", "--deselect", f"{TESTS}/test_guided.py"]
    status = run(environment, "pytest", TESTS, f"--hypothesis-seed={seed}", *quietly)
    return status or run(environment, "tests.fuzz.guided", f"--seconds={GUIDED_SECONDS}")


def run(environment: Mapping[str, str], *command: str) -> int:
    return subprocess.run([sys.executable, "-m", *command], cwd=ROOT, env=environment).returncode


def new_seed() -> int:
    return 1 + secrets.randbelow(2**31 - 1)


def say(sentence: str) -> None:
    sys.stdout.write(f"==> {sentence}\n")
    sys.stdout.flush()


if __name__ == "__main__":
    try:
        sys.exit(main())
    except KeyboardInterrupt:
        sys.exit(130)
