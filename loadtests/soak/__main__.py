"""`python -m loadtests.soak`: an hour of gentle load on a stack of its own, and what grew in it.

Exit status 0 when nothing failed and nothing grew, 2 when it could not be run. A soak of the full
hour writes its figures into docs/performance.md and its plot into docs/images.
"""

import argparse
import asyncio
import json
import sys
from pathlib import Path
from typing import Any

from loadtests.lib import exit_codes, machine
from loadtests.lib.console import log
from loadtests.lib.monitoring import time_series
from loadtests.lib.monitoring.background import sampling
from loadtests.lib.servers.process import ROOT, ServerError
from loadtests.lib.servers.rate_limits import NO_RATE_LIMITS
from loadtests.lib.servers.stack import RunningStack
from loadtests.soak import page, progress_line
from loadtests.soak.accounts import gather
from loadtests.soak.growth_criteria import FULL_SECONDS, judge
from loadtests.soak.load import Load
from scripts.stack.errors import StackError

FOLDER = ROOT / "data/soak"
# One address is everybody here, and the limits are not what is measured.
ENVIRONMENT = NO_RATE_LIMITS | {"SIGN_IN_LIMITS": "0", "LIMIT_EXEMPT": "127.0.0.1"}
SAMPLE_SECONDS = 5.0
SHORT_SAMPLE_SECONDS = 1.0
SHORTEST_SECONDS = 20
MOST_REPLICAS = 16


def main() -> None:
    options = parse(sys.argv[1:])
    try:
        if not options.read:
            measure(options)
        sys.exit(exit_codes.PASSED if judged(options) else exit_codes.FAILED)
    except (ServerError, StackError, OSError) as error:
        log(f"The soak could not be run: {error}")
    except KeyboardInterrupt:
        log("The soak was interrupted, and says nothing.")
    sys.exit(exit_codes.NOT_RUN)


def parse(arguments: list[str]) -> argparse.Namespace:
    parser = argparse.ArgumentParser("python -m loadtests.soak", description=__doc__)
    parser.add_argument("--seconds", type=int, default=int(FULL_SECONDS), help="default: an hour")
    parser.add_argument("--replicas", type=int, default=2)
    parser.add_argument("--sockets", type=int, default=150, help="that are open at any time")
    parser.add_argument("--rate", type=float, default=12.0, help="messages a second, of all")
    parser.add_argument("--folder", type=Path, default=FOLDER, help="for samples and results")
    parser.add_argument("--read", action="store_true", help="judge what is in the folder again")
    options = parser.parse_args(arguments)
    if options.seconds < SHORTEST_SECONDS or options.sockets < 1 or options.rate <= 0:
        parser.error(f"--seconds from {SHORTEST_SECONDS}, --sockets from 1, --rate above 0")
    if not 1 <= options.replicas <= MOST_REPLICAS:
        parser.error(f"--replicas from 1 to {MOST_REPLICAS}")
    return options


def measure(options: argparse.Namespace) -> None:
    options.folder.mkdir(parents=True, exist_ok=True)
    (options.folder / "soak.json").write_text(json.dumps(asyncio.run(soak(options)), indent=1))


def judged(options: argparse.Namespace) -> bool:
    """Print and write what the samples say; return whether all promises were kept."""
    facts = json.loads((options.folder / "soak.json").read_text())
    samples = time_series.read(options.folder / "samples.jsonl")
    verdicts = judge(samples, facts["seconds"])
    print(page.text(facts, verdicts))
    page.draw(samples, facts["seconds"], options.folder / "soak.svg")
    if facts["seconds"] >= FULL_SECONDS:
        page.write(facts, samples, verdicts)
        log("docs/performance.md and docs/images/soak.svg have it, too")
    log(f"samples, figures and plot are in {options.folder}")
    return page.passed(facts, verdicts)


async def soak(options: argparse.Namespace) -> dict[str, Any]:
    """Run it on a stack of its own; return what was done, and on what."""
    log("starting the stack; compressing its static files takes up to a minute")
    with RunningStack(REPLICAS=str(options.replicas), **ENVIRONMENT) as stack:
        log("making people and rooms")
        load = Load(await gather(stack), options.sockets, options.rate)
        every = SAMPLE_SECONDS if options.seconds >= FULL_SECONDS else SHORT_SAMPLE_SECONDS
        await put(stack, load, options.seconds, options.folder / "samples.jsonl", every)
        return {
            "machine": machine.describe(),
            "seconds": options.seconds,
            "replicas": options.replicas,
            "sockets": options.sockets,
            "restarts": sum(row.restarts for row in stack.processes().values()),
            "tracebacks": stack.output().count("Traceback"),
            **load.facts(),
        }


async def put(stack: RunningStack, load: Load, seconds: float, file: Path, every: float) -> None:
    """Put a load on a stack for so long, and sample it meanwhile."""
    with sampling(stack.folder / "stack", file, every):
        watching = asyncio.create_task(progress_line.watch(load, file, seconds))
        await load.run(seconds)
        watching.cancel()


if __name__ == "__main__":
    main()
