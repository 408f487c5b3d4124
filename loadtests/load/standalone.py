"""A run started by `locust` itself, without `python -m loadtests.load`.

    locust -f loadtests/locustfile.py --host https://staging.example.org --sessions sessions

It lacks what only `python -m loadtests.load` does: a stack of its own, sampling of the servers, a
report.
"""

from locust.argument_parser import LocustArgumentParser
from locust.env import Environment

from loadtests.lib.identities import TargetError
from loadtests.load.options import add_identities, add_rate_and_shape
from loadtests.load.plan import LoadPlan
from loadtests.load.rooms import Rooms
from loadtests.load.targets import remote_target

DEFAULT_SECONDS = 60.0


def add_arguments(parser: LocustArgumentParser) -> None:
    """Add the options that Locust does not have. An environment variable can set each of them."""
    group = parser.add_argument_group("Hubbub")
    add_identities(group)
    add_rate_and_shape(group, "--message-rate")


def prepare(environment: Environment, workers: int) -> LoadPlan:
    """Return a plan for Locust's options. Its rooms are created now, and archived at the end.

    Raises TargetError, which says what is missing.
    """
    options = environment.parsed_options
    assert options is not None, "Locust parses the command line before it starts"
    if not options.host:
        raise TargetError(
            "Pass --host https://… of a running deployment, "
            "or use `make load`, which starts a stack here."
        )
    options.host = options.host.rstrip("/")
    target = remote_target(options, options.num_users or 1, workers)
    plan = target.plan(
        shape=options.shape,
        users=options.num_users or len(target.identities) // workers,
        rate=options.message_rate,
        seconds=float(options.run_time or DEFAULT_SECONDS),
        workers=workers,
    )
    rooms = Rooms(plan)
    environment.events.quit.add_listener(lambda **_: rooms.archive())
    rooms.create()
    return plan
