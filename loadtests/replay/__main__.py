"""`make replay FILE=…`: replay recorded traffic on servers of its own, or on a running deployment.

FILE: the files of all replicas in RECORDING_DIR. The exit status is 0 if nothing was lost,
duplicated, reordered or refused; 1 if something was; 2 if the replay could not run; 3 if the player
itself was too slow to judge.
"""

import argparse
import asyncio
import os
import sys
from contextlib import closing
from pathlib import Path

from loadtests.lib import exit_codes
from loadtests.lib.checker import read_log
from loadtests.lib.client import rest
from loadtests.lib.console import log
from loadtests.lib.identities import TargetError
from loadtests.lib.servers import ServerError
from loadtests.replay import verdict
from loadtests.replay.player import Player
from loadtests.replay.target import ReplayTarget, local_target, remote_target
from loadtests.replay.traffic import Traffic, UnreadableError, lines_of, read


def main() -> int:
    options = parse_options()
    try:
        traffic = read(options.files)
        if options.join:
            write_private(options.join, "".join(f"{line}\n" for line in lines_of(traffic)))
            return exit_codes.PASSED
        if options.host:
            return replay(traffic, remote_target(traffic, options.host, options.sessions), options)
        log("Starting servers")
        with local_target(traffic, options.replicas) as target:
            return replay(traffic, target, options)
    except (UnreadableError, TargetError, ServerError, OSError, rest.RefusedError) as error:
        print(error, file=sys.stderr)
        return exit_codes.NOT_RUN


def parse_options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m loadtests.replay", description=__doc__)
    parser.add_argument("files", metavar="FILE", nargs="+", type=Path)
    parser.add_argument("--speed", type=float, default=1.0, help="times as fast as recorded (1)")
    parser.add_argument("--replicas", type=int, default=2, help="of the servers of its own (2)")
    parser.add_argument("--host", help="a running deployment: such as https://staging.example.org")
    parser.add_argument("--sessions", type=Path, help="its users, as `seed --sessions` writes them")
    parser.add_argument("--out", type=Path, help="write the measurements of each second as JSON")
    parser.add_argument("--join", type=Path, metavar="OUT", help="only join all files into one")
    options = parser.parse_args()
    if options.speed <= 0 or options.replicas < 1:
        parser.error("--speed must be above 0, and --replicas at least 1")
    if options.host and not options.sessions:
        parser.error("--host needs --sessions: a file of users who are signed in there")
    return options


def write_private(path: Path, text: str) -> None:
    """Write a file that only its owner may read, as the recordings are."""
    with os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT, 0o600), "w") as file:
        os.fchmod(file.fileno(), 0o600)
        file.truncate()
        file.write(text)


def replay(traffic: Traffic, target: ReplayTarget, options: argparse.Namespace) -> int:
    log(f"Replaying {traffic.seconds:.0f} s with {len(traffic.users)} users at {options.speed:g}x")
    results = asyncio.run(Player(traffic, target, options.speed).play())
    if target.cluster is not None:
        with closing(target.cluster.database()) as connection:
            results.check_log(read_log(connection))
    results.series.facts = {
        "recording": traffic.name,
        "speed": options.speed,
        "host": options.host,
    }
    if options.out:
        results.series.write(options.out)
    for line in verdict.lines(results, traffic, options.speed):
        print(line)
    return verdict.exit_status(results)


if __name__ == "__main__":
    try:
        sys.exit(main())
    except KeyboardInterrupt:
        log("Interrupted: nothing is judged.")
        sys.exit(exit_codes.NOT_RUN)
