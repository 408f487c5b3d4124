"""Where traffic is replayed: users with sessions, and rooms of the recorded sizes."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory

from loadtests.lib.client import rest
from loadtests.lib.servers import Cluster
from loadtests.lib.servers.rate_limits import NO_RATE_LIMITS
from loadtests.replay.traffic import Traffic


class TargetError(Exception):
    """The traffic cannot be replayed on this target; the text says why."""


@dataclass(frozen=True, slots=True)
class Target:
    addresses: list[str]
    identities: list[str]  # of each user, as `seed` writes them
    rooms: list[int]  # the id of each room
    cluster: Cluster | None = None  # if we started it


@contextmanager
def local_target(traffic: Traffic, replicas: int) -> Iterator[Target]:
    """Yield servers on this machine; they are removed afterwards."""
    # When replayed faster than people send, everyone would be rate-limited.
    with (
        Cluster(replicas=replicas, environment=NO_RATE_LIMITS) as cluster,
        TemporaryDirectory() as folder,
    ):
        sessions = Path(folder) / "sessions"
        users = str(len(traffic.users))
        cluster.manage("seed", "--yes", "--users", users, "--sessions", str(sessions))
        addresses = [f"127.0.0.1:{replica.port}" for replica in cluster.replicas]
        identities = sessions.read_text().splitlines()
        rooms = create_rooms(traffic, addresses[0], identities)
        yield Target(addresses, identities, rooms, cluster)


def remote_target(traffic: Traffic, host: str, sessions: Path) -> Target:
    """Return a running deployment. Raises TargetError."""
    address = host.rstrip("/")
    if address.partition("://")[0] not in ("http", "https") or address.count("/") != 2:
        raise TargetError(f"--host is {host!r}: give https://name or http://name:port, no path.")
    try:
        identities = [line for line in sessions.read_text().splitlines() if line.strip()]
    except OSError as error:
        raise TargetError(f"{sessions} cannot be read: {error}.") from None
    if len(identities) < len(traffic.users):
        raise TargetError(
            f"The recording has {len(traffic.users)} users and {sessions} {len(identities)}: "
            "`manage.py seed --yes --users … --sessions FILE` there creates more."
        )
    try:
        return Target([address], identities, create_rooms(traffic, address, identities))
    except rest.RefusedError as refused:
        raise TargetError(f"{host} refuses to create the rooms: {refused}.") from None
    except OSError as error:
        raise TargetError(f"{host} does not answer: {error}.") from None


def create_rooms(traffic: Traffic, address: str, identities: list[str]) -> list[int]:
    """Create a private room for each recorded room, with the same number of members."""
    headers = [rest.headers_of(identity) for identity in identities[: len(traffic.users)]]
    ids = [rest.call_patiently(address, "GET", "/me", each)["id"] for each in headers]
    rooms = []
    for room in range(len(traffic.rooms)):
        owner, *others = sorted(traffic.members[room])
        body = {"name": f"{traffic.name} {room + 1}"[:80], "kind": "private"}
        created = rest.call_patiently(address, "POST", "/rooms", headers[owner], body)["id"]
        rooms.append(int(created))
        for other in others:
            path = f"/rooms/{created}/members"
            rest.call_patiently(address, "POST", path, headers[owner], {"user": ids[other]})
    return rooms
