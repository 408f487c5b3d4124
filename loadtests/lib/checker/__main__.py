"""`python -m loadtests.lib.checker FOLDER`: judge a run again that was written there.

Prints the summary and the first faults. Exit status: 0 nothing is wrong, 1 something is, 2 the
folder holds no run.
"""

import sys
from argparse import ArgumentParser
from pathlib import Path

from loadtests.lib.checker.check import format_violations
from loadtests.lib.checker.run_files import RunFileError, read_run
from loadtests.lib.checker.summary import summarize_run

UNREADABLE = 2


def main() -> int:
    parser = ArgumentParser(prog="python -m loadtests.lib.checker", description=__doc__)
    parser.add_argument("folder", type=Path, help="what a run left behind")
    parser.add_argument("--most", type=int, default=20, help="how many faults are told (20)")
    options = parser.parse_args()
    try:
        run = read_run(options.folder)
    except RunFileError as error:
        print(error, file=sys.stderr)
        return UNREADABLE
    faults = run.check()
    print(summarize_run(run, faults))
    if faults:
        print(format_violations(faults, options.most))
    return 1 if faults else 0


if __name__ == "__main__":
    sys.exit(main())
