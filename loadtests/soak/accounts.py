"""The users of a soak and their rooms, created before it starts."""

import asyncio
import re
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from loadtests.lib.client import rest
from loadtests.lib.servers.process import ServerError
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
    """The users of a stack, with sessions; only bob also signs in with his password."""

    address: str
    users: Sequence[User]
    rooms: Sequence[int]  # without the lobby; the first user owns them
    lobby: int
    password_of_bob: str


async def populate(
    stack: RunningStack, users: int = USERS, password_of_bob: str = ""
) -> Population:
    """Create users and rooms in a running stack; each user is a member of a few rooms.

    If bob already exists, his password must be given.
    """
    return await asyncio.to_thread(_populate, stack, users, password_of_bob)


def call(address: str, account: Account, method: str, path: str, **body: Any) -> Any:
    """Call REST; if rate-limited, wait as long as requested. Raises RefusedError."""
    return rest.call_patiently(address, method, path, account.headers, body or None)


def _populate(stack: RunningStack, users: int, password_of_bob: str) -> Population:
    address = stack.address
    with TemporaryDirectory(prefix="hubbub-soak-") as folder:
        file = Path(folder) / "sessions"
        password_of_bob = password_of_bob or _make_cast(stack)
        stack.manage("seed", "--yes", "--users", str(users), "--sessions", str(file))
        accounts = [fetch_account(address, session) for session in file.read_text().splitlines()]
    rooms = _make_rooms(address, accounts)
    members = [User(account, _rooms_of(number, rooms)) for number, account in enumerate(accounts)]
    lobby = next(
        int(one["id"])
        for one in call(address, accounts[0], "GET", "/rooms")
        if int(one["id"]) not in rooms and one["kind"] == "public"
    )
    return Population(address, members, rooms, lobby, password_of_bob)


def _make_cast(stack: RunningStack) -> str:
    """Create alice, bob and the others; return bob's password."""
    printed = stack.manage("seed", "--yes")
    found = re.search(r"bob has the password (\S+)", printed)
    if found is None:
        raise ServerError(f"Bob exists already, and his password is not known:\n{printed}")
    return found[1]


def _make_rooms(address: str, accounts: Sequence[Account]) -> list[int]:
    """Create the rooms; the first user owns all of them and adds the others."""
    owner, rooms = accounts[0], list[int]()
    for number in range(ROOMS):
        made = call(address, owner, "POST", "/rooms", name=f"soak {number + 1}", kind="private")
        rooms.append(int(made["id"]))
    for number, account in enumerate(accounts[1:], start=1):
        for room in _rooms_of(number, rooms):
            call(address, owner, "POST", f"/rooms/{room}/members", user=account.id)
    return rooms


def _rooms_of(number: int, rooms: Sequence[int]) -> tuple[int, ...]:
    step = ROOMS // ROOMS_EACH
    return tuple(rooms[(number + step * each) % ROOMS] for each in range(ROOMS_EACH))
