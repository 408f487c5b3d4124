"""`python -m loadtests.load.report FOLDER`: write a run's report.html again."""

import argparse
import json
import sys
from pathlib import Path

from loadtests.lib.console import log
from loadtests.lib.measurements.series import UnknownVersionError
from loadtests.load.report.page import write


def main() -> None:
    parser = argparse.ArgumentParser("python -m loadtests.load.report", description=__doc__)
    parser.add_argument("folder", type=Path, help="of a run: data/load/<time>")
    folder = parser.parse_args().folder
    try:
        log(f"{write(folder)} is written")
    except OSError as error:
        sys.exit(f"There is no run in {folder}: {error}")
    except UnknownVersionError as error:
        sys.exit(f"The run in {folder} cannot be read. {error}")
    except (json.JSONDecodeError, KeyError, TypeError) as error:
        sys.exit(f"The run in {folder} cannot be read: {error!r}")


if __name__ == "__main__":
    main()
