"""`python -m loadtests.capacity`: raise the load on a replica until a criterion fails.

First the number of connections grows, while each user sends a message now and then. Then the rate
of messages grows, with half as many connections as passed. Without --host a replica is started
here; a deployment elsewhere is loaded by Locust.

Exit status: 0 measured, 1 nothing passed, 2 not measured, 3 the generator was the limit.
"""

import argparse
import json
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, Protocol

from loadtests.capacity import report
from loadtests.capacity.criteria import Criteria, MeasuredLoad, failure
from loadtests.capacity.local_target import local_target
from loadtests.capacity.remote_target import RemoteTarget
from loadtests.capacity.search import (
    Measure,
    SearchResult,
    climb,
    doubling,
    figures,
    narrow,
    status,
)
from loadtests.lib import exit_codes, machine
from loadtests.lib.console import log
from loadtests.lib.load_client import LoadError
from loadtests.lib.options import positive_int, positive_number
from loadtests.lib.servers.process import ROOT, ServerError

RESULT = ROOT / "data/capacity.json"
CONNECTION_STEPS = 9
# Many machines limit a process to 20,000 open files, and some of its open files are not
# connections.
MAX_CONNECTIONS = 18_000
FIRST_RATE = 50.0
MAX_RATE = 20_000.0
PRECISION = 0.1  # the capacity does not have to be known more exactly than to a tenth
LOCAL_SETUP = "one replica, its Postgres, its Redis and the load client on the same machine"


class CapacityTarget(Protocol):
    replicas: int

    def measure_connections(self, amount: float) -> MeasuredLoad: ...

    def measure_messages(self, rate: float) -> MeasuredLoad: ...

    def reduce_to(self, connections: float) -> None: ...


def main() -> None:
    options = parse(sys.argv[1:])
    try:
        result = measure(options)
    except (LoadError, ServerError, OSError) as error:
        log(f"The capacity could not be measured: {error}")
        sys.exit(exit_codes.NOT_RUN)
    except KeyboardInterrupt:
        log("Interrupted: nothing is written.")
        sys.exit(exit_codes.NOT_RUN)
    options.json.parent.mkdir(parents=True, exist_ok=True)
    options.json.write_text(json.dumps(result, indent=1))
    print(report.text(result))
    if options.write:
        report.write(result)
        log("Updated docs/capacity.json, docs/operations.md and docs/images/capacity.svg.")
    sys.exit(status(result))


def parse(arguments: list[str]) -> argparse.Namespace:
    parser = argparse.ArgumentParser("python -m loadtests.capacity", description=__doc__)
    limits = Criteria()
    for option, default, help in (
        ("--p99-ms", limits.delivery_p99_ms, "of a delivery (%(default)g)"),
        ("--cpu", limits.cpu_percent, "%% of a core (%(default)g)"),
        ("--memory", limits.memory_mib, "MiB (%(default)g)"),
        ("--max-rate", MAX_RATE, "messages/s to try (%(default)g)"),
    ):
        parser.add_argument(option, type=positive_number, default=default, help=help)
    help = "to try; with --host: users (%(default)s)"
    parser.add_argument("--max-connections", type=int, default=MAX_CONNECTIONS, help=help)
    help = "result file (data/capacity.json)"
    parser.add_argument("--json", type=Path, default=RESULT, help=help)
    help = "update docs/capacity.json and the page, too"
    parser.add_argument("--write", action="store_true", help=help)
    add = parser.add_argument_group("a deployment elsewhere").add_argument
    add("--host", default="", help="such as https://staging.example.org")
    add("--sessions", type=Path, help="of its users: see loadtests.load --help")
    add("--metrics", nargs="+", default=[], metavar="URL", help="of its replicas")
    add("--workers", type=positive_int, default=1, help="processes of Locust (%(default)s)")
    options = parser.parse_args(arguments)
    if options.max_connections < CONNECTION_STEPS * 100:
        parser.error(f"--max-connections must be at least {CONNECTION_STEPS * 100}")
    if options.host and not options.sessions:
        parser.error("--host needs --sessions FILE")
    return options


def measure(options: argparse.Namespace) -> dict[str, Any]:
    criteria = Criteria(options.p99_ms, options.cpu, options.memory)
    with target_of(options) as target:
        most, count = options.max_connections, CONNECTION_STEPS
        amounts = [most * number // count for number in range(1, count + 1)]
        connections = climb(_reported(target.measure_connections, criteria), amounts, criteria)
        messages = SearchResult()
        if connections.passed:
            target.reduce_to(connections.passed / 2)
            messages = message_rates(target, criteria, options.max_rate)
        return figures(
            connections,
            messages,
            criteria,
            target.replicas,
            command="make capacity",
            setup=options.host or LOCAL_SETUP,
            machine=machine.describe(),
        )


def message_rates(target: CapacityTarget, criteria: Criteria, most: float) -> SearchResult:
    measure = _reported(target.measure_messages, criteria)
    result = climb(measure, doubling(min(FIRST_RATE, most), most), criteria)
    return narrow(measure, result, criteria, PRECISION)


@contextmanager
def target_of(options: argparse.Namespace) -> Iterator[CapacityTarget]:
    if not options.host:
        log(f"Starting a replica and making {options.max_connections:,} users")
        with local_target(options.max_connections) as target:
            yield target
        return
    with TemporaryDirectory(prefix="hubbub-capacity-") as folder:
        yield RemoteTarget(options, Path(folder))


def _reported(measure: Measure, criteria: Criteria) -> Measure:
    """Wrap `measure` so that each step is printed."""

    def measured(amount: float) -> MeasuredLoad:
        step = measure(amount)
        failed = failure(step, criteria)
        cpu = "" if step.cpu_percent is None else f", {step.cpu_percent:.0f} % of a core"
        log(
            f"{step.connections:,} connections, {step.messages_per_second:,.0f} messages/s: "
            f"p99 {step.delivery_p99_ms:.0f} ms{cpu}: {failed.reason if failed else 'passed'}"
        )
        return step

    return measured


if __name__ == "__main__":
    main()
