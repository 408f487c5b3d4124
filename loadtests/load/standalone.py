"""A run started by `locust` itself, without `python -m loadtests.load`: its options and its plan.

    locust -f loadtests/locustfile.py --host https://staging.example.org --sessions sessions

The plan comes from Locust's own options and the few that are added here. It lacks what only `python
-m loadtests.load` does: a stack of its own, sampling of the servers, a report.
"""

import os
import secrets
from argparse import Namespace
from pathlib import Path

from locust.argument_parser import LocustArgumentParser
from locust.env import Environment

from loadtests.load.options import positive_number
from loadtests.load.plan import Plan
from loadtests.load.rooms import Rooms
from loadtests.load.targets import TargetError, remote_target
from loadtests.shapes import SHAPES

DEFAULT_SECONDS = 60.0


def add_arguments(parser: LocustArgumentParser) -> None:
    """Add the options that Locust does not have; each may also be an environment variable."""
    group = parser.add_argument_group("Hubbub")
    for name, metavar, description in (
        ("sessions", "FILE", "users, as `manage.py seed --yes --users N --sessions FILE` writes"),
        ("accounts", "FILE", "lines `username password`: these users sign in through the form"),
    ):
        group.add_argument(
            f"--{name}",
            type=Path,
            default=os.environ.get(name.upper()),
            metavar=metavar,
            help=description,
        )
    group.add_argument(
        "--message-rate",
        type=positive_number,
        default=os.environ.get("RATE", "10"),
        help="messages a second of all users together (10)",
    )
    group.add_argument(
        "--shape",
        choices=list(SHAPES),
        default=os.environ.get("SHAPE", "steps"),
        help="how the load develops (steps); see docs/load-testing.md",
    )


def prepare(environment: Environment, workers: int) -> Plan:
    """Return a plan for Locust's options; its rooms are created now, and archived at the end.

    Raises TargetError, which says what is missing.
    """
    options = environment.parsed_options
    assert options is not None, "Locust parses the command line before it starts"
    plan = make_plan(options, workers)
    rooms = Rooms(plan)
    environment.events.quit.add_listener(lambda **_: rooms.archive())
    rooms.create()
    return plan


def make_plan(options: Namespace, workers: int = 1) -> Plan:
    """Return a plan without rooms. Raises TargetError."""
    if not options.host:
        raise TargetError(
            "Pass --host https://… of a running deployment, "
            "or use `make load`, which starts a stack here."
        )
    wanted = Namespace(
        host=options.host.rstrip("/"),
        sessions=options.sessions,
        accounts=options.accounts,
        users=options.num_users or 1,
        workers=workers,
    )
    target = remote_target(wanted)
    return Plan(
        run_id=secrets.token_hex(3),
        host=target.host,
        shape=options.shape,
        users=options.num_users or len(target.identities) // workers,
        rate=options.message_rate,
        seconds=float(options.run_time or DEFAULT_SECONDS),
        identities=target.identities,
        workers=workers,
    )
