"""`python -m loadtests.lib.monitoring`: sample a deployment until it is terminated.

A stack on this machine (`--stack`) is sampled as a whole. Of a deployment elsewhere, everything
with an address is sampled: `--metrics` of each process, with METRICS_TOKEN from the environment,
`--redis` and `--postgres`. The first line of the file names what cannot be sampled; every other
line is a sample.
"""

import argparse
import json
import os
import signal
import sys
from pathlib import Path

from loadtests.lib.monitoring import targets
from loadtests.lib.monitoring.sampler import Sampler
from loadtests.lib.monitoring.targets import SampledDeployment
from loadtests.lib.options import positive_number
from scripts.stack.errors import StackError


def main() -> None:
    options = parse(sys.argv[1:])
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(0))
    try:
        write(deployment(options), options.out, options.every)
    except (StackError, OSError) as error:
        sys.exit(str(error))
    except KeyboardInterrupt:
        sys.exit(0)


def parse(arguments: list[str]) -> argparse.Namespace:
    parser = argparse.ArgumentParser("python -m loadtests.lib.monitoring", description=__doc__)
    where = parser.add_mutually_exclusive_group(required=True)
    where.add_argument("--stack", type=Path, metavar="FOLDER", help="a stack's STACK_DIR")
    where.add_argument("--metrics", nargs="*", metavar="URL", help="/metrics of each process")
    add = parser.add_argument
    add("--redis", default="", metavar="URL", help="with --metrics: its Redis")
    add("--postgres", default="", metavar="URL", help="with --metrics: its Postgres")
    add("--every", type=positive_number, default=1.0, metavar="SECONDS")
    add("--out", type=Path, required=True, metavar="FILE", help="JSON lines")
    options = parser.parse_args(arguments)
    if not (options.stack or options.metrics or options.redis or options.postgres):
        parser.error("there is nothing to sample: give --metrics, --redis or --postgres")
    return options


def deployment(options: argparse.Namespace) -> SampledDeployment:
    if options.stack:
        return targets.of_stack(options.stack)
    token = os.environ.get("METRICS_TOKEN", "")
    return targets.of_urls(options.metrics, token, options.redis, options.postgres)


def write(deployment: SampledDeployment, out: Path, every_seconds: float) -> None:
    """Write samples forever. Each failure is written once, when it first happens."""
    sampler, written = Sampler(deployment), 0
    with out.open("w", buffering=1) as file:
        print(json.dumps({"unseen": deployment.unseen}), file=file)
        for at, found in sampler.samples(every_seconds):
            now = {"at": round(at, 3)}
            print(json.dumps(now | {"parts": found}), file=file)
            for what, why in list(sampler.failures.items())[written:]:
                print(json.dumps(now | {"failed": what, "why": why}), file=file)
            written = len(sampler.failures)


if __name__ == "__main__":
    main()
