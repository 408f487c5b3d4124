"""The people of a soak and their rooms, made before it begins."""

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

PEOPLE = 120
ROOMS = 12
ROOMS_EACH = 3


@dataclass(frozen=True, slots=True)
class Person:
    username: str
    identity: str  # the header that makes one them
    id: int
    rooms: tuple[int, ...]

    @property
    def headers(self) -> dict[str, str]:
        return rest.headers_of(self.identity)


@dataclass(frozen=True, slots=True)
class Crowd:
    address: str
    people: Sequence[Person]
    rooms: Sequence[int]  # without the lobby; the first person owns them
    lobby: int
    password_of_bob: str  # the only one here who signs in; the crowd has ready sessions


async def gather(stack: RunningStack, people: int = PEOPLE, password_of_bob: str = "") -> Crowd:
    """Make people and rooms in a running stack; each person is in a few of the rooms.

    Where bob is there already, his password must be given.
    """
    return await asyncio.to_thread(_gather, stack, people, password_of_bob)


def ask(address: str, identity: str, method: str, path: str, **body: Any) -> Any:
    """Ask over REST; told to slow down, wait as long as one is told. Raises RefusedError."""
    return rest.call_patiently(address, method, path, rest.headers_of(identity), body or None)


def _gather(stack: RunningStack, people: int, password_of_bob: str) -> Crowd:
    address = stack.address
    with TemporaryDirectory(prefix="hubbub-soak-") as folder:
        file = Path(folder) / "sessions"
        password_of_bob = password_of_bob or _make_cast(stack)
        stack.manage("seed", "--yes", "--users", str(people), "--sessions", str(file))
        identities = file.read_text().splitlines()
    ids = [int(ask(address, one, "GET", "/me")["id"]) for one in identities]
    rooms = _make_rooms(address, identities, ids)
    crowd = [
        Person(f"person-{number + 1:04}", identity, ids[number], _rooms_of(number, rooms))
        for number, identity in enumerate(identities)
    ]
    lobby = next(
        int(one["id"])
        for one in ask(address, identities[0], "GET", "/rooms")
        if int(one["id"]) not in rooms and one["kind"] == "public"
    )
    return Crowd(address, crowd, rooms, lobby, password_of_bob)


def _make_cast(stack: RunningStack) -> str:
    """Make alice, bob and the others; return bob's password."""
    printed = stack.manage("seed", "--yes")
    found = re.search(r"bob has the password (\S+)", printed)
    if found is None:
        raise ServerError(f"Bob is there already, and his password is not known:\n{printed}")
    return found[1]


def _make_rooms(address: str, identities: Sequence[str], ids: Sequence[int]) -> list[int]:
    """Make the rooms; the first person owns all of them and puts the others in."""
    owner, rooms = identities[0], list[int]()
    for number in range(ROOMS):
        made = ask(address, owner, "POST", "/rooms", name=f"soak {number + 1}", kind="private")
        rooms.append(int(made["id"]))
    for number, id in enumerate(ids[1:], start=1):
        for room in _rooms_of(number, rooms):
            ask(address, owner, "POST", f"/rooms/{room}/members", user=id)
    return rooms


def _rooms_of(number: int, rooms: Sequence[int]) -> tuple[int, ...]:
    step = ROOMS // ROOMS_EACH
    return tuple(rooms[(number + step * each) % ROOMS] for each in range(ROOMS_EACH))
