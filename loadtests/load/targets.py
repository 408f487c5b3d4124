"""Where a load goes: a stack of its own on this machine, or a place elsewhere with its sessions."""

import os
from argparse import Namespace
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from loadtests.lib.console import log
from loadtests.lib.servers.process import ROOT
from loadtests.lib.servers.stack import RunningStack
from loadtests.load.plan import seats

# Compressing the static files takes a minute: kept for the next run.
STATIC = ROOT / "data/load/static"
# What the shell says of these holds for the stack here, too.
CHOSEN_BY_SHELL = (
    *("MESSAGES_BURST", "MESSAGES_PER_SECOND", "COMMANDS_BURST", "COMMANDS_PER_SECOND"),
    *(
        "WEB_CONCURRENCY",
        "WEB_THREADS",
        "REALTIME_THREADS",
        "DRAIN_SECONDS",
        "PING_INTERVAL_SECONDS",
    ),
    *("MAX_CONNECTION_AGE_SECONDS", "MAX_BUFFERED_BYTES", "REPLAY_MAX_EVENTS", "PRESENCE_LIST_MAX"),
)
# Every twentieth comes through the sign-in form: a session lasts a month of working days.
FORM_EVERY = 20
# Somebody may be wanted before the one who goes has given the session back.
SPARE = 5


class UnfitError(Exception):
    """The load cannot go there; the text says why, and what to do."""


@dataclass(frozen=True, slots=True)
class Target:
    """`people` are lines as in `Plan`; `stack` is the folder of the stack, if it is ours."""

    host: str
    people: list[str]
    stack: str = ""


@contextmanager
def target(options: Namespace) -> Iterator[Target]:
    """Yield where the load goes. Raises UnfitError."""
    if options.host:
        yield elsewhere(options)
        return
    with _stack(options) as stack:
        yield _seeded(stack, seats(options.users, options.workers) + SPARE)


def elsewhere(options: Namespace) -> Target:
    sessions = _lines(options.sessions) if options.sessions else []
    accounts = _lines(options.accounts) if options.accounts else []
    people = sessions + [f"Account: {line}" for line in accounts]
    if not people:
        raise UnfitError(
            f"{options.host} needs people: --sessions FILE, as `manage.py seed --yes --users "
            f"{options.users} --sessions FILE` writes it there, or --accounts FILE."
        )
    wrong = [
        one for one in people if not one.startswith(("Cookie: ", "Authorization: ", "Account"))
    ]
    if wrong:
        raise UnfitError(f"A line of --sessions is neither a cookie nor a token: {wrong[0][:20]}…")
    needed = seats(options.users, options.workers)
    if len(people) < needed:
        spread = f" spread over {options.workers} workers" if options.workers > 1 else ""
        raise UnfitError(
            f"{options.users} users{spread} need {needed} sessions, and there are {len(people)}."
        )
    return Target(options.host, people)


@contextmanager
def _stack(options: Namespace) -> Iterator[RunningStack]:
    log(f"Starting a stack with {options.replicas} replicas")
    chosen = {name: os.environ[name] for name in CHOSEN_BY_SHELL if name in os.environ}
    # Everybody comes from one address and within minutes, as no people do.
    stack = RunningStack(REPLICAS=str(options.replicas), SIGN_IN_LIMITS="0", **chosen)
    STATIC.mkdir(parents=True, exist_ok=True)
    home = stack.folder / "stack"
    home.mkdir(mode=0o711)
    (home / "static").symlink_to(STATIC, target_is_directory=True)
    with stack:
        yield stack


def _seeded(stack: RunningStack, count: int) -> Target:
    log(f"Making {count} people")
    sessions, accounts = stack.folder / "sessions", stack.folder / "accounts"
    files = ("--sessions", str(sessions), "--accounts", str(accounts))
    stack.manage("seed", "--yes", "--users", str(count), *files)
    people = _lines(sessions)
    for number, line in enumerate(_lines(accounts)[::FORM_EVERY]):
        people[number * FORM_EVERY] = f"Account: {line}"
    return Target(stack.environment["PUBLIC_URL"], people, stack.environment["STACK_DIR"])


def _lines(path: Path) -> list[str]:
    try:
        return [line for line in path.read_text().splitlines() if line.strip()]
    except (OSError, UnicodeDecodeError) as error:
        raise UnfitError(f"{path} cannot be read: {error}.") from None
