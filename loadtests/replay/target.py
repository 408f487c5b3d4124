"""Prepares the target of a replay: users with sessions, and rooms of the recorded sizes."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from loadtests.lib.client import rest
from loadtests.lib.identities import TargetError, read_identities
from loadtests.lib.servers import Cluster
from loadtests.lib.servers.rate_limits import NO_RATE_LIMITS
from loadtests.lib.servers.seed import seed_users
from loadtests.replay.traffic import Traffic


@dataclass(frozen=True, slots=True)
class ReplayTarget:
    addresses: list[str]
    identities: list[str]  # the identity of each user, in the form in which `seed` writes it
    rooms: list[int]  # the id of each room
    cluster: Cluster | None = None  # the cluster, if the replay started it


@contextmanager
def local_target(traffic: Traffic, replicas: int) -> Iterator[ReplayTarget]:
    """Yield servers on this machine. They are removed afterwards."""
    # A replay can send faster than people do, and rate limits would then refuse its messages.
    with Cluster(replicas=replicas, environment=NO_RATE_LIMITS) as cluster:
        identities = seed_users(cluster.manage, len(traffic.users))
        addresses = [f"127.0.0.1:{replica.port}" for replica in cluster.replicas]
        rooms = create_rooms(traffic, addresses[0], identities)
        yield ReplayTarget(addresses, identities, rooms, cluster)


def remote_target(traffic: Traffic, host: str, sessions: Path) -> ReplayTarget:
    """Return a running deployment. Raises TargetError."""
    address = host.rstrip("/")
    if address.partition("://")[0] not in ("http", "https") or address.count("/") != 2:
        raise TargetError(f"--host is {host!r}: give https://name or http://name:port, no path.")
    identities = read_identities(sessions)
    if len(identities) < len(traffic.users):
        raise TargetError(
            f"The recording has {len(traffic.users)} users and {sessions} {len(identities)}: "
            "`manage.py seed --yes --users … --sessions FILE` there creates more."
        )
    try:
        return ReplayTarget([address], identities, create_rooms(traffic, address, identities))
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
        name, members = f"{traffic.name} {room + 1}"[:80], [ids[other] for other in others]
        rooms.append(rest.create_private_room(address, headers[owner], name, members))
    return rooms
