"""`python -m loadtests.bench`: measure all peers and Hubbub, print a table, write the page.

A whole run writes the figures into docs/performance.md; a part of it (`--only`, `--peers`,
`--quick`) does so only with `--write`.
"""

import argparse
import json
import sys
from pathlib import Path
from typing import Any

from loadtests.bench import report
from loadtests.bench.progress import with_progress
from loadtests.bench.sizes import FULL, QUICK
from loadtests.bench.steps import PARTS, Step, steps
from loadtests.bench.systems import PEERS, Missing
from loadtests.bench.window import Record
from loadtests.lib import exit_codes, machine
from loadtests.lib.console import log
from loadtests.lib.load_client.client import LoadError
from loadtests.lib.servers.process import ServerError
from loadtests.lib.systems.backends import Servers

RESULT = Path("data/benchmark.json")


def main() -> None:
    options = parse(sys.argv[1:])
    try:
        measured = read(options.read) if options.read else measure(options)
    except KeyboardInterrupt:
        log(f"Interrupted: what was measured by then is in {options.json}.")
        sys.exit(exit_codes.NOT_RUN)
    except (ServerError, OSError) as error:
        log(f"It could not be measured to the end (what was is in {options.json}): {error}")
        sys.exit(exit_codes.NOT_RUN)
    keep(options.json, measured)
    print(report.text(measured))
    log(f"all figures are in {options.json}")
    if options.write or not (options.only or options.peers or options.quick or options.read):
        report.write(measured)
        log("docs/performance.md and docs/images have them, too")


def parse(arguments: list[str]) -> argparse.Namespace:
    parser = argparse.ArgumentParser("python -m loadtests.bench", description=__doc__)
    parser.add_argument("--only", nargs="+", default=[], choices=PARTS, help="these parts")
    parser.add_argument("--peers", nargs="+", default=[], choices=PEERS, help="these servers")
    parser.add_argument("--quick", action="store_true", help="all of it small, to try it")
    parser.add_argument("--write", action="store_true", help="write docs/performance.md anyway")
    parser.add_argument("--json", type=Path, default=RESULT, help=f"result file (default {RESULT})")
    parser.add_argument(
        "--read", type=Path, nargs="+", metavar="FILE", help="results to join instead of measuring"
    )
    return parser.parse_args(arguments)


def measure(options: argparse.Namespace) -> dict[str, Any]:
    """Return what was measured, and who was left out and why."""
    sizes = QUICK if options.quick else FULL
    wanted = steps(sizes, options.only, options.peers)
    measured: dict[str, Any] = {
        "machine": machine.describe(),
        "quick": options.quick,
        "records": [],
        "left_out": [],
    }
    keep(options.json, measured)  # what is there from now on is of this run
    with Servers(max((step.people for step in wanted), default=0)) as servers:
        for step in with_progress(wanted):
            try:
                records: list[Record] = step.measure(servers, sizes)
            except (Missing, LoadError) as error:
                leave_out(measured, step, error)
            else:
                measured["records"] += records
            keep(options.json, measured)  # a quarter of an hour is long, and may be interrupted
    return measured


def keep(file: Path, measured: dict[str, Any]) -> None:
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text(json.dumps(measured, indent=1))


def leave_out(measured: dict[str, Any], step: Step, error: Exception) -> None:
    log(f"  left out: {error}")
    measured["left_out"].append({"part": step.part, "title": step.title, "why": str(error)})


def read(files: list[Path]) -> dict[str, Any]:
    """Return the results of several runs as one, which says of which commits they are."""
    results: list[dict[str, Any]] = [json.loads(file.read_text()) for file in files]
    commits = machine.commits_of([result["machine"] for result in results])
    return results[-1] | {
        "machine": results[-1]["machine"] | {"commit": commits},
        **_joined(results),
    }


def _joined(results: list[dict[str, Any]]) -> dict[str, list[Record]]:
    return {
        name: [one for result in results for one in result[name]]
        for name in ("records", "left_out")
    }


if __name__ == "__main__":
    main()
