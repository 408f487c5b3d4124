"""`python -m loadtests.lib.checker FOLDER`: check a recorded run again.

Prints the summary and the first violations. Exit status: 0 no violation, 1 violations, 2 the folder
contains no run.
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
    parser.add_argument("folder", type=Path, help="with the files of a run")
    parser.add_argument("--most", type=int, default=20, help="how many violations to print (20)")
    options = parser.parse_args()
    try:
        run = read_run(options.folder)
    except RunFileError as error:
        print(error, file=sys.stderr)
        return UNREADABLE
    violations = run.check()
    print(summarize_run(run, violations))
    if violations:
        print(format_violations(violations, options.most))
    return 1 if violations else 0


if __name__ == "__main__":
    sys.exit(main())
