"""`python -m loadtests.capacity`: raise the load on a replica until a promise breaks.

First sockets, while everybody says something now and then; then messages, with half of the sockets
that were kept. Without --host a replica is started here; a place elsewhere is loaded by Locust.
Exit status: 0 measured, 1 nothing was kept, 2 not measured, 3 the generator was the limit.
"""

import argparse
import json
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, Protocol

from loadtests.capacity import page
from loadtests.capacity.criteria import Promise, Step, broken
from loadtests.capacity.local_target import here
from loadtests.capacity.remote_target import Elsewhere
from loadtests.capacity.results import figures, status
from loadtests.capacity.search import Found, Measure, climb, doubling, narrow
from loadtests.lib import exit_codes, machine
from loadtests.lib.console import log
from loadtests.lib.load_client.client import LoadError
from loadtests.lib.servers.process import ROOT, ServerError

RESULT = ROOT / "data/capacity.json"
SOCKET_STEPS = 9
# A process may open 20,000 files on many machines; some are no sockets of people.
MOST_SOCKETS = 18_000
FIRST_RATE = 50.0
MOST_RATE = 20_000.0
WITHIN = 0.1  # a figure that is a tenth more or less decides nothing


class Place(Protocol):
    replicas: int

    def sockets(self, amount: float) -> Step: ...

    def messages(self, rate: float) -> Step: ...

    def keep(self, sockets: float) -> None: ...


def main() -> None:
    options = parse(sys.argv[1:])
    try:
        found = measure(options)
    except (LoadError, ServerError, OSError) as error:
        log(f"The capacity could not be measured: {error}")
        sys.exit(exit_codes.NOT_RUN)
    except KeyboardInterrupt:
        log("Interrupted: nothing is written.")
        sys.exit(exit_codes.NOT_RUN)
    options.json.parent.mkdir(parents=True, exist_ok=True)
    options.json.write_text(json.dumps(found, indent=1))
    print(page.text(found))
    if options.write:
        page.write(found)
        log("docs/capacity.json, docs/operations.md and docs/images/capacity.svg have it, too")
    sys.exit(status(found))


def parse(arguments: list[str]) -> argparse.Namespace:
    parser = argparse.ArgumentParser("python -m loadtests.capacity", description=__doc__)
    promise = Promise()
    add = parser.add_argument
    add("--p99-ms", type=float, default=promise.deliver_p99_ms, help="of a delivery (%(default)g)")
    add("--cpu", type=float, default=promise.cpu_percent, help="%% of a core (%(default)g)")
    add("--memory", type=float, default=promise.memory_mib, help="MiB (%(default)g)")
    add(
        "--most-sockets",
        type=int,
        default=MOST_SOCKETS,
        help="to try; of HOST: people (%(default)s)",
    )
    add("--most-rate", type=float, default=MOST_RATE, help="messages/s to try (%(default)g)")
    add("--json", type=Path, default=RESULT, help="for the figures (data/capacity.json)")
    add("--write", action="store_true", help="write docs/capacity.json and the page, too")
    group = parser.add_argument_group("a place elsewhere")
    group.add_argument("--host", default="", help="such as https://staging.example.org")
    group.add_argument("--sessions", type=Path, help="of people there: see loadtests.load --help")
    group.add_argument("--metrics", nargs="+", default=[], metavar="URL", help="of its replicas")
    group.add_argument("--workers", type=int, default=1, help="processes of Locust (%(default)s)")
    options = parser.parse_args(arguments)
    if min(options.p99_ms, options.cpu, options.memory, options.most_rate) <= 0:
        parser.error("a promise and a rate are above 0")
    if options.most_sockets < SOCKET_STEPS * 100:
        parser.error(f"--most-sockets from {SOCKET_STEPS * 100}")
    if options.host and not options.sessions:
        parser.error("--host needs --sessions FILE")
    return options


def measure(options: argparse.Namespace) -> dict[str, Any]:
    promise = Promise(options.p99_ms, options.cpu, options.memory)
    with place_of(options) as place:
        steps = [options.most_sockets * (one + 1) // SOCKET_STEPS for one in range(SOCKET_STEPS)]
        sockets = climb(_told(place.sockets, promise), steps, promise)
        messages = Found()
        if sockets.held:
            place.keep(sockets.held / 2)
            messages = rates(place, promise, options.most_rate)
        return figures(
            sockets,
            messages,
            promise,
            place.replicas,
            command="make capacity",
            place=options.host or "one replica, its Postgres, its Redis and the load client there",
            machine=machine.describe(),
        )


def rates(place: Place, promise: Promise, most: float) -> Found:
    measure = _told(place.messages, promise)
    found = climb(measure, doubling(min(FIRST_RATE, most), most), promise)
    return narrow(measure, found, promise, WITHIN)


@contextmanager
def place_of(options: argparse.Namespace) -> Iterator[Place]:
    if not options.host:
        log(f"Starting a replica and making {options.most_sockets:,} people")
        with here(options.most_sockets) as place:
            yield place
        return
    with TemporaryDirectory(prefix="hubbub-capacity-") as folder:
        yield Elsewhere(options, Path(folder))


def _told(measure: Measure, promise: Promise) -> Measure:
    def told(amount: float) -> Step:
        step = measure(amount)
        breaks = broken(step, promise)
        cpu = "" if step.cpu_percent is None else f", {step.cpu_percent:.0f} % of a core"
        log(
            f"{step.sockets:,} sockets, {step.messages_per_second:,.0f} messages/s: "
            f"p99 {step.deliver_p99_ms:.0f} ms{cpu}: {breaks.why if breaks else 'kept'}"
        )
        return step

    return told


if __name__ == "__main__":
    main()
