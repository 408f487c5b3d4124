"""Play recorded traffic on a place of its own, or on one that runs: `make replay FILE=…`.

FILE: what RECORDING_DIR holds, of all replicas. The exit status is 0 where nothing was lost,
doubled, reordered or refused; 2 where it could not be played, 3 where the player itself was too
slow to tell.
"""

import argparse
import asyncio
import sys
from contextlib import closing
from pathlib import Path

from loadtests.lib import exit_codes
from loadtests.lib.checker import read_log
from loadtests.lib.client import rest
from loadtests.lib.console import log
from loadtests.lib.servers import ServerError
from loadtests.replay import verdict
from loadtests.replay.environment import Scene, UnfitError, elsewhere, local
from loadtests.replay.player import Player
from loadtests.replay.traffic import Traffic, UnreadableError, lines_of, read


def main() -> int:
    given = options()
    try:
        traffic = read(given.files)
        if given.join:
            given.join.write_text("".join(f"{line}\n" for line in lines_of(traffic)))
            return exit_codes.PASSED
        if given.host:
            return play(traffic, elsewhere(traffic, given.host, given.sessions), given)
        log("Starting a place")
        with local(traffic, given.replicas) as scene:
            return play(traffic, scene, given)
    except (UnreadableError, UnfitError, ServerError, OSError, rest.RefusedError) as error:
        print(error, file=sys.stderr)
        return exit_codes.NOT_RUN


def options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m loadtests.replay", description=__doc__)
    parser.add_argument("files", metavar="FILE", nargs="+", type=Path)
    parser.add_argument("--speed", type=float, default=1.0, help="as many times as fast (1)")
    parser.add_argument("--replicas", type=int, default=2, help="of the place of its own (2)")
    parser.add_argument("--host", help="a place that runs: such as https://staging.example.org")
    parser.add_argument(
        "--sessions", type=Path, help="its people, as `seed --sessions` writes them"
    )
    parser.add_argument("--out", type=Path, help="write what was met in each second (series.json)")
    parser.add_argument(
        "--join", type=Path, metavar="OUT", help="only make one file of all of them"
    )
    given = parser.parse_args()
    if given.speed <= 0 or given.replicas < 1:
        parser.error("--speed and --replicas are more than nothing")
    if given.host and not given.sessions:
        parser.error("--host needs --sessions: a file of people who are signed in there")
    return given


def play(traffic: Traffic, scene: Scene, given: argparse.Namespace) -> int:
    log(f"Playing {traffic.seconds:.0f} s with {len(traffic.people)} people at {given.speed:g}x")
    book = asyncio.run(Player(traffic, scene, given.speed, log).play())
    if scene.cluster is not None:
        with closing(scene.cluster.database()) as connection:
            book.judge_log(read_log(connection))
    book.series.facts = {"recording": traffic.name, "speed": given.speed, "host": given.host}
    if given.out:
        book.series.write(given.out)
    for line in verdict.lines(book, traffic, given.speed):
        print(line)
    return verdict.status(book)


if __name__ == "__main__":
    try:
        sys.exit(main())
    except KeyboardInterrupt:
        log("Interrupted: nothing is judged.")
        sys.exit(exit_codes.NOT_RUN)
