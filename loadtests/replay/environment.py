"""Who plays, and where: people with sessions, and rooms of the recorded sizes, made over REST."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory

from loadtests.lib.client import rest
from loadtests.lib.servers import Cluster
from loadtests.lib.servers.rate_limits import NO_RATE_LIMITS
from loadtests.replay.traffic import Traffic


class UnfitError(Exception):
    """It cannot be played there; the text says why."""


@dataclass(frozen=True, slots=True)
class Scene:
    addresses: list[str]
    identities: list[str]  # of each person, as `seed` writes them
    rooms: list[int]  # the id of each room
    cluster: Cluster | None = None  # where it is our own


@contextmanager
def local(traffic: Traffic, replicas: int) -> Iterator[Scene]:
    """Yield a place of its own on this machine, gone afterwards."""
    # Played faster than people talk, everybody would be told to slow down.
    with (
        Cluster(replicas=replicas, environment=NO_RATE_LIMITS) as cluster,
        TemporaryDirectory() as folder,
    ):
        sessions = Path(folder) / "sessions"
        users = str(len(traffic.people))
        cluster.manage("seed", "--yes", "--users", users, "--sessions", str(sessions))
        addresses = [f"127.0.0.1:{replica.port}" for replica in cluster.replicas]
        identities = sessions.read_text().splitlines()
        yield Scene(addresses, identities, make_rooms(traffic, addresses[0], identities), cluster)


def elsewhere(traffic: Traffic, host: str, sessions: Path) -> Scene:
    """Return a place that runs already. Raises UnfitError."""
    address = host.rstrip("/")
    if address.partition("://")[0] not in ("http", "https") or address.count("/") != 2:
        raise UnfitError(f"--host is {host!r}: give https://name or http://name:port, no path.")
    try:
        identities = [line for line in sessions.read_text().splitlines() if line.strip()]
    except OSError as error:
        raise UnfitError(f"{sessions} cannot be read: {error}.") from None
    if len(identities) < len(traffic.people):
        raise UnfitError(
            f"The recording has {len(traffic.people)} people and {sessions} {len(identities)}: "
            "`manage.py seed --yes --users … --sessions FILE` there makes more."
        )
    try:
        return Scene([address], identities, make_rooms(traffic, address, identities))
    except rest.RefusedError as refused:
        raise UnfitError(f"{host} refuses to make the rooms: {refused}.") from None
    except OSError as error:
        raise UnfitError(f"{host} does not answer: {error}.") from None


def make_rooms(traffic: Traffic, address: str, identities: list[str]) -> list[int]:
    """Make a private room for each of the recording, with as many of the same people in it."""
    headers = [rest.headers_of(identity) for identity in identities[: len(traffic.people)]]
    ids = [rest.call_patiently(address, "GET", "/me", each)["id"] for each in headers]
    rooms = []
    for room in range(len(traffic.rooms)):
        owner, *others = sorted(traffic.members[room])
        asked = {"name": f"{traffic.name} {room + 1}"[:80], "kind": "private"}
        made = rest.call_patiently(address, "POST", "/rooms", headers[owner], asked)["id"]
        rooms.append(int(made))
        for other in others:
            path = f"/rooms/{made}/members"
            rest.call_patiently(address, "POST", path, headers[owner], {"user": ids[other]})
    return rooms
