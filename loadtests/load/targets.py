"""The target of a load: a stack of its own on this machine, or a deployment elsewhere."""

import os
import secrets
from argparse import Namespace
from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager, nullcontext
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from loadtests.lib.console import log
from loadtests.lib.identities import TargetError, read_identities
from loadtests.lib.monitoring.background import sampling_as
from loadtests.lib.servers.process import ROOT
from loadtests.lib.servers.stack import RunningStack
from loadtests.load.plan import LoadPlan, identities_needed

# Compressing the static files takes a minute, so the compressed files are kept for the next run.
STATIC = ROOT / "data/load/static"
# The local stack also gets these variables, if they are set in the shell.
VARIABLES_FROM_SHELL = (
    *("MESSAGES_BURST", "MESSAGES_PER_SECOND", "COMMANDS_BURST", "COMMANDS_PER_SECOND"),
    *("WEB_CONCURRENCY", "WEB_THREADS", "REALTIME_THREADS", "DRAIN_SECONDS"),
    *("PING_INTERVAL_SECONDS", "MAX_CONNECTION_AGE_SECONDS", "MAX_BUFFERED_BYTES"),
    *("REPLAY_MAX_EVENTS", "PRESENCE_LIST_MAX"),
)
# Every twentieth user signs in through the form, because a session lasts a month, which has about
# twenty working days.
FORM_EVERY = 20
# Spare identities are needed because a user can start before a leaving user has released an
# identity.
SPARE_IDENTITIES = 5


@dataclass(frozen=True, slots=True)
class LoadTarget:
    """A deployment to load.

    `identities` are lines as in `LoadPlan`. `stack` is the `STACK_DIR` of a local stack.
    """

    host: str
    identities: list[str]
    stack: str = ""

    def plan(self, **load: Any) -> LoadPlan:
        """Return the plan of a run against the target. `load` has the other fields of the plan."""
        run_id = secrets.token_hex(3)
        return LoadPlan(run_id, self.host, identities=self.identities, stack=self.stack, **load)


@contextmanager
def open_target(options: Namespace) -> Iterator[LoadTarget]:
    """Yield the target of a load. Raises TargetError."""
    if options.host:
        yield remote_target(options, options.users, options.workers)
        return
    with _local_stack(options) as stack:
        count = identities_needed(options.users, options.workers) + SPARE_IDENTITIES
        yield _seeded(stack, count)


def remote_target(options: Namespace, users: int, workers: int) -> LoadTarget:
    """Return a target that is already running, with identities from files.

    Raises TargetError.
    """
    sessions = read_identities(options.sessions) if options.sessions else []
    accounts = read_identities(options.accounts) if options.accounts else []
    identities = sessions + [f"Account: {line}" for line in accounts]
    if not identities:
        raise TargetError(
            f"{options.host} needs users to sign in: run `manage.py seed --yes --users "
            f"{users} --sessions FILE` there and pass --sessions FILE, or --accounts FILE."
        )
    prefixes = ("Cookie: ", "Authorization: ", "Account")
    if wrong := [line for line in identities if not line.startswith(prefixes)]:
        raise TargetError(f"A line of --sessions is neither a cookie nor a token: {wrong[0][:20]}…")
    needed = identities_needed(users, workers)
    if len(identities) < needed:
        spread = f" spread over {workers} workers" if workers > 1 else ""
        raise TargetError(
            f"{users} users{spread} need {needed} sessions, and there are {len(identities)}."
        )
    return LoadTarget(options.host, identities)


def monitor(options: Namespace, target: LoadTarget, out: Path) -> AbstractContextManager[None]:
    """Return a context that samples the target's servers into `out`.

    Only servers whose addresses are known can be sampled.
    """
    if target.stack:
        return sampling_as(["--stack", target.stack], out)
    arguments = monitoring_arguments(options)
    return sampling_as(arguments, out) if arguments else nullcontext()


def monitoring_arguments(options: Namespace) -> list[str]:
    """Return the arguments for `loadtests.lib.monitoring` that describe a remote deployment."""
    stores = [("--redis", options.redis), ("--postgres", options.postgres)]
    given = [word for option, url in stores if url for word in (option, url)]
    return ["--metrics", *options.metrics, *given] if options.metrics or given else []


@contextmanager
def _local_stack(options: Namespace) -> Iterator[RunningStack]:
    log(f"Starting a stack with {options.replicas} replicas")
    variables = {name: os.environ[name] for name in VARIABLES_FROM_SHELL if name in os.environ}
    # All users come from one address within minutes, unlike real users.
    stack = RunningStack(REPLICAS=str(options.replicas), SIGN_IN_LIMITS="0", **variables)
    STATIC.mkdir(parents=True, exist_ok=True)
    state_directory = stack.folder / "stack"
    state_directory.mkdir(mode=0o711)
    (state_directory / "static").symlink_to(STATIC, target_is_directory=True)
    with stack:
        yield stack


def _seeded(stack: RunningStack, count: int) -> LoadTarget:
    log(f"Creating {count} users")
    sessions, accounts = stack.folder / "sessions", stack.folder / "accounts"
    files = ("--sessions", str(sessions), "--accounts", str(accounts))
    stack.manage("seed", "--yes", "--users", str(count), *files)
    identities = read_identities(sessions)
    for number, line in enumerate(read_identities(accounts)[::FORM_EVERY]):
        identities[number * FORM_EVERY] = f"Account: {line}"
    return LoadTarget(stack.environment["PUBLIC_URL"], identities, stack.environment["STACK_DIR"])
