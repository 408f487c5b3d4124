"""The users of a soak and their rooms, created before it starts."""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from loadtests.lib.client import rest
from loadtests.lib.servers.process import ServerError
from loadtests.lib.servers.seed import seed_users
from loadtests.lib.servers.stack import RunningStack
from loadtests.lib.simulation.account import Account, fetch_account

USERS = 120
ROOMS = 12
ROOMS_EACH = 3


@dataclass(frozen=True, slots=True)
class User:
    account: Account
    rooms: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class Population:
    """The users of a stack, with sessions. Only Bob also signs in with his password."""

    address: str
    users: Sequence[User]
    rooms: Sequence[int]  # the ids of all rooms except the lobby; the first user owns these rooms
    lobby: int
    password_of_bob: str


def populate(stack: RunningStack, users: int = USERS, password_of_bob: str = "") -> Population:
    """Create users and rooms in a running stack. Each user is a member of a few rooms.

    If Bob already exists, the caller must pass his password.
    """
    address, password_of_bob = stack.address, password_of_bob or _make_cast(stack)
    accounts = [fetch_account(address, session) for session in seed_users(stack.manage, users)]
    owner, *others = accounts
    rooms = [
        rest.create_private_room(
            address,
            owner.headers,
            f"soak {room + 1}",
            [other.id for number, other in enumerate(others, start=1) if room in _rooms_of(number)],
        )
        for room in range(ROOMS)
    ]
    members = [
        User(account, tuple(rooms[room] for room in _rooms_of(number)))
        for number, account in enumerate(accounts)
    ]
    lobby = next(one for one in call(address, owner, "GET", "/rooms") if one["lobby"])
    return Population(address, members, rooms, int(lobby["id"]), password_of_bob)


def call(address: str, account: Account, method: str, path: str, **body: Any) -> Any:
    """Call REST. If the call is rate-limited, wait as long as requested. Raises RefusedError."""
    return rest.call_patiently(address, method, path, account.headers, body or None)


def _make_cast(stack: RunningStack) -> str:
    """Create Alice, Bob and the others. Return Bob's password."""
    printed = stack.manage("seed", "--yes")
    found = re.search(r"bob has the password (\S+)", printed)
    if found is None:
        raise ServerError(f"Bob exists already, and his password is not known:\n{printed}")
    return found[1]


def _rooms_of(user: int) -> list[int]:
    """Return the numbers of the rooms that a user is a member of."""
    return [(user + step) % ROOMS for step in range(0, ROOMS, ROOMS // ROOMS_EACH)]
