"""Fuzzes for a given time, with a new seed for each round: `make fuzz SECONDS=600`.

A round runs the tests of this folder with more examples than CI, then the coverage-guided fuzzer.
It prints its seed, so that it can be repeated. The first failure ends the run with its status.
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
    parser.add_argument(
        "--seconds", type=float, default=600, help="after this time, start no more rounds (600)"
    )
    parser.add_argument("--times", type=int, default=5, help="multiple of CI's examples (5)")
    parser.add_argument("--seed", type=int, help="the seed of the first round, to repeat it")
    options = parser.parse_args()
    if options.times < 1 or (options.seed is not None and options.seed < 1):
        parser.error("--times and --seed must be at least 1")
    return fuzz(options.seconds, options.times, options.seed or new_seed())


def fuzz(seconds: float, times: int, seed: int) -> int:
    """Run rounds until the time is up or a round fails. Return the status of the last round."""
    started, rounds = time.monotonic(), 0
    while rounds == 0 or time.monotonic() - started < seconds:
        rounds += 1
        report(f"round {rounds}, seed {seed}, after {time.monotonic() - started:.0f} s")
        status = run_round(times, seed)
        if status:
            report(
                f"failed; repeat: python -m tests.fuzz --times {times} --seed {seed} --seconds 0"
            )
            return status
        seed = new_seed()
    report(f"no failure in {rounds} rounds and {time.monotonic() - started:.0f} s")
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


def report(text: str) -> None:
    sys.stdout.write(f"==> {text}\n")
    sys.stdout.flush()


if __name__ == "__main__":
    try:
        sys.exit(main())
    except KeyboardInterrupt:
        sys.exit(130)
