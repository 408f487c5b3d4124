"""`python -m loadtests.soak`: put a gentle load on a new stack for an hour, and report what grew.

Exit status: 0 nothing failed and nothing grew, 1 something did, 2 the soak could not be run. A soak
of the full hour writes its figures into docs/performance.md and its plot into docs/images.
"""

import argparse
import asyncio
import json
import sys
import time
from pathlib import Path
from typing import Any

from loadtests.lib import exit_codes, machine
from loadtests.lib.console import log
from loadtests.lib.monitoring import time_series
from loadtests.lib.monitoring.background import sampling
from loadtests.lib.progress import live_line
from loadtests.lib.servers.process import ROOT, ServerError
from loadtests.lib.servers.rate_limits import NO_RATE_LIMITS
from loadtests.lib.servers.stack import RunningStack
from loadtests.soak import report
from loadtests.soak.accounts import populate
from loadtests.soak.growth_criteria import FULL_SECONDS, judge
from loadtests.soak.load import SoakLoad
from scripts.stack.errors import StackError

FOLDER = ROOT / "data/soak"
# In a soak all users share one address. The rate limits are lifted, because a soak does not measure
# them.
ENVIRONMENT = NO_RATE_LIMITS | {"SIGN_IN_LIMITS": "0", "LIMIT_EXEMPT": "127.0.0.1"}
SAMPLE_SECONDS = 5.0
SHORT_SAMPLE_SECONDS = 1.0
LINE_SECONDS, LINE_SECONDS_IN_A_FILE = 2.0, 60.0
TAIL_BYTES = 65_536  # how much is read from the end of the file: more than the newest sample
MIN_SECONDS = 20
MAX_REPLICAS = 16


def main() -> None:
    options = parse(sys.argv[1:])
    try:
        if not options.read:
            options.folder.mkdir(parents=True, exist_ok=True)
            facts = json.dumps(soak(options), indent=1)
            (options.folder / "soak.json").write_text(facts)
        sys.exit(exit_codes.PASSED if judged(options.folder) else exit_codes.FAILED)
    except (ServerError, StackError, OSError) as error:
        log(f"The soak could not be run: {error}")
    except KeyboardInterrupt:
        log("The soak was interrupted and has no result.")
    sys.exit(exit_codes.NOT_RUN)


def parse(arguments: list[str]) -> argparse.Namespace:
    parser = argparse.ArgumentParser("python -m loadtests.soak", description=__doc__)
    add = parser.add_argument
    add("--seconds", type=int, default=int(FULL_SECONDS), help="default: an hour")
    add("--replicas", type=int, default=2)
    add("--connections", type=int, default=150, help="that are open at any time")
    add("--rate", type=float, default=12.0, help="messages a second, of all users together")
    add("--folder", type=Path, default=FOLDER, help="for samples and results")
    add("--read", action="store_true", help="judge the results in the folder again")
    options = parser.parse_args(arguments)
    if options.seconds < MIN_SECONDS or options.connections < 1 or options.rate <= 0:
        parser.error(f"--seconds from {MIN_SECONDS}, --connections from 1, --rate above 0")
    if not 1 <= options.replicas <= MAX_REPLICAS:
        parser.error(f"--replicas from 1 to {MAX_REPLICAS}")
    return options


def soak(options: argparse.Namespace) -> dict[str, Any]:
    """Run the soak on a stack of its own. Return what was done, and on which machine."""
    log("Starting the stack; compressing its static files takes up to a minute")
    with RunningStack(REPLICAS=str(options.replicas), **ENVIRONMENT) as stack:
        log("Making users and rooms")
        load = SoakLoad(populate(stack), options.connections, options.rate)
        every = SAMPLE_SECONDS if options.seconds >= FULL_SECONDS else SHORT_SAMPLE_SECONDS
        samples = options.folder / "samples.jsonl"
        asyncio.run(run_load(stack, load, options.seconds, samples, every))
        return {
            "machine": machine.describe(),
            "seconds": options.seconds,
            "replicas": options.replicas,
            "connections": options.connections,
            "restarts": sum(row.restarts for row in stack.processes().values()),
            "tracebacks": stack.output().count("Traceback"),
            **load.tally.facts(),
        }


async def run_load(
    stack: RunningStack, load: SoakLoad, seconds: float, file: Path, every: float
) -> None:
    """Run the load on a stack while it is sampled."""
    began = time.monotonic()

    def line() -> str:
        at = time.monotonic() - began
        return report.progress_line(load.tally, _newest_samples(file), at, seconds)

    with sampling(stack.folder / "stack", file, every):
        async with live_line(line, LINE_SECONDS, min(LINE_SECONDS_IN_A_FILE, seconds / 4)):
            await load.run(seconds)


def _newest_samples(file: Path) -> time_series.Samples:
    """Return the newest samples of a file that is still being written."""
    if not file.exists():
        return time_series.Samples()
    with file.open("rb") as lines:
        lines.seek(max(0, file.stat().st_size - TAIL_BYTES))
        _, *complete = lines.read().decode().splitlines(keepends=True)
    return time_series.parse(line for line in complete if line.endswith("\n"))


def judged(folder: Path) -> bool:
    """Print and write the report. Return whether the soak passed."""
    facts = json.loads((folder / "soak.json").read_text())
    samples = time_series.read(folder / "samples.jsonl")
    verdicts = judge(samples, facts["seconds"])
    print(report.text(facts, verdicts))
    report.draw(samples, facts["seconds"], folder / "soak.svg")
    if facts["seconds"] >= FULL_SECONDS:
        report.write(facts, samples, verdicts)
        log("Updated docs/performance.md and docs/images/soak.svg.")
    log(f"Samples, figures and plot are in {folder}.")
    return report.passed(facts, verdicts)


if __name__ == "__main__":
    main()
