"""`python -m loadtests.bench`: measure Hubbub and other servers, print tables, write the page.

A full run writes its figures into docs/performance.md; a partial one (`--only`, `--systems`,
`--quick`) does so only with `--write`.
"""

import argparse
import json
import sys
from pathlib import Path
from typing import Any

from loadtests.bench import report
from loadtests.bench.records import Record
from loadtests.bench.sizes import FULL, QUICK
from loadtests.bench.steps import SCENARIOS, BenchStep, steps
from loadtests.bench.systems import SYSTEMS, Unavailable, versions
from loadtests.lib import exit_codes, machine
from loadtests.lib.console import log
from loadtests.lib.load_client import LoadError
from loadtests.lib.progress import with_estimates
from loadtests.lib.servers.process import ServerError
from loadtests.lib.systems.backends import Backends

RESULT = Path("data/benchmark.json")


def main() -> None:
    options = parse(sys.argv[1:])
    try:
        run = read(options.read) if options.read else measure(options)
    except KeyboardInterrupt:
        log(f"Interrupted. What was measured so far is in {options.json}.")
        sys.exit(exit_codes.NOT_RUN)
    except (ServerError, OSError) as error:
        log(f"The benchmark stopped (what was measured so far is in {options.json}): {error}")
        sys.exit(exit_codes.NOT_RUN)
    save(options.json, run)
    print(report.text(run))
    log(f"All figures are in {options.json}.")
    if options.write or not (options.only or options.systems or options.quick or options.read):
        report.write(run)
        log("Updated docs/performance.md and docs/images.")


def parse(arguments: list[str]) -> argparse.Namespace:
    parser = argparse.ArgumentParser("python -m loadtests.bench", description=__doc__)
    add = parser.add_argument
    add("--only", nargs="+", default=[], choices=SCENARIOS, help="run only these scenarios")
    add("--systems", nargs="+", default=[], choices=SYSTEMS, help="measure only these servers")
    add("--quick", action="store_true", help="run everything at a small size, to try it")
    add("--write", action="store_true", help="update docs/performance.md after a partial run, too")
    add("--json", type=Path, default=RESULT, help=f"result file (default {RESULT})")
    add("--read", type=Path, nargs="+", metavar="FILE", help="join results instead of measuring")
    return parser.parse_args(arguments)


def measure(options: argparse.Namespace) -> dict[str, Any]:
    """Return the records, and a list of the steps that were left out, with the reasons."""
    sizes = QUICK if options.quick else FULL
    wanted = steps(sizes, options.only, options.systems)
    run: dict[str, Any] = {
        "machine": machine.describe(versions()),
        "quick": options.quick,
        "records": [],
        "left_out": [],
    }
    save(options.json, run)  # from now on, the file describes this run
    with Backends(max((step.users for step in wanted), default=0)) as backends:
        for step in with_estimates(wanted):
            try:
                records: list[Record] = step.measure(backends, sizes)
            except (Unavailable, LoadError) as error:
                leave_out(run, step, error)
            else:
                run["records"] += records
            save(options.json, run)  # a run takes a quarter of an hour and can be interrupted
    return run


def save(file: Path, run: dict[str, Any]) -> None:
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text(json.dumps(run, indent=1))


def leave_out(run: dict[str, Any], step: BenchStep, error: Exception) -> None:
    log(f"  left out: {error}")
    run["left_out"].append({"scenario": step.scenario, "title": step.title, "why": str(error)})


def read(files: list[Path]) -> dict[str, Any]:
    """Read the results of several runs and join them into one that names all their commits."""
    runs: list[dict[str, Any]] = [json.loads(file.read_text()) for file in files]
    commits = machine.commits_of([run["machine"] for run in runs])
    joined = {name: [one for run in runs for one in run[name]] for name in ("records", "left_out")}
    return runs[-1] | {"machine": runs[-1]["machine"] | {"commit": commits}} | joined


if __name__ == "__main__":
    main()
