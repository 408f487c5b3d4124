"""Tracks who has one room open, across all replicas, as far as this replica knows. Pure.

Each replica numbers its own changes and repeats the last number in its heartbeats, so a peer that
missed a change notices and asks for the complete list. Local clients get the difference between the
users who were last announced and those known now. So users who reconnect to another replica before
the first replica is forgotten are never announced as offline.
"""

from dataclasses import dataclass, field
from typing import Any, NamedTuple

Names = dict[int, str]  # by user id


class Announcement(NamedTuple):
    """The change that local clients are told.

    `joined` and `left` are empty if users are only counted.
    """

    joined: Names
    left: list[int]
    online: int


class LocalChanges(NamedTuple):
    """The changes on this replica, combined in one change with the next number, for peers."""

    number: int
    joined: Names  # users who joined, or were renamed
    left: list[int]


@dataclass(slots=True)
class PeerPresence:
    """The users whom a peer had in the room after its change with this number."""

    number: int
    names: Names


@dataclass(slots=True)
class Presence:
    """The users who have one room open.

    `local` counts each user's connections to this replica. `number` is the number of the last
    published change. With more than `list_max` users online, they are only counted.
    """

    list_max: int
    number: int = 0
    local: dict[int, int] = field(default_factory=dict)
    names: Names = field(default_factory=dict)  # of the local users
    peers: dict[str, PeerPresence] = field(default_factory=dict)  # by replica id
    announced: Names = field(default_factory=dict)
    only_counted: bool = False  # whether the last announcement only counted users
    _announced_count: int = 0
    _unpublished: dict[int, str | None] = field(default_factory=dict)  # new names by id; None: left

    def connect(self, user_id: int, name: str) -> bool:
        """Add a connection. Return whether the user was not present on this replica before."""
        self.local[user_id] = self.local.get(user_id, 0) + 1
        self.names[user_id] = name
        if self.local[user_id] > 1:
            return False
        self._unpublished[user_id] = name
        return True

    def disconnect(self, user_id: int) -> bool:
        """Remove a connection. Return whether it was the user's last connection to this replica."""
        self.local[user_id] -= 1
        if self.local[user_id]:
            return False
        del self.local[user_id], self.names[user_id]
        self._unpublished[user_id] = None
        return True

    def rename(self, user_id: int, name: str) -> bool:
        """Change a user's name. Return whether a user present here has a new name now."""
        if self.names.get(user_id, name) == name:
            return False
        self.names[user_id] = name
        self._unpublished[user_id] = name
        return True

    def take_local_changes(self) -> LocalChanges | None:
        """Return the changes since the last call, for peers; None if nothing changed here."""
        if not self._unpublished:
            return None
        self.number += 1
        joined = {user: name for user, name in self._unpublished.items() if name is not None}
        left = [user for user, name in self._unpublished.items() if name is None]
        self._unpublished.clear()
        return LocalChanges(self.number, joined, left)

    def apply_peer_change(self, peer_id: str, number: int, joined: Names, left: list[int]) -> bool:
        """Apply a peer's next change. Return False if the complete list is needed instead.

        A change whose number is not higher than the last known one is ignored.
        """
        peer = self.peers.get(peer_id)
        if peer is not None and number <= peer.number:
            return True
        if peer is None or number != peer.number + 1:
            return False
        peer.number = number
        peer.names.update(joined)
        for user_id in left:
            peer.names.pop(user_id, None)
        return True

    def apply_peer_list(self, peer_id: str, number: int, names: Names) -> None:
        """Replace the known users of a peer, unless this list is older than they are."""
        peer = self.peers.get(peer_id)
        if peer is None or number >= peer.number:
            self.peers[peer_id] = PeerPresence(number, names)

    def check_peer_number(self, peer_id: str, number: int | None) -> bool:
        """Compare the number in a peer's heartbeat. Return False if the peer's list is needed.

        If the number is None, the peer does not have the room open, so its users are removed.
        """
        if number is None:
            self.peers.pop(peer_id, None)
            return True
        peer = self.peers.get(peer_id)
        return peer is not None and peer.number == number

    def forget_peer(self, peer_id: str) -> None:
        self.peers.pop(peer_id, None)

    def online(self) -> Names:
        """Return all users who have the room open on any replica, as far as this one knows."""
        names = dict(self.names)
        for peer in self.peers.values():
            names |= peer.names
        return names

    def announce(self) -> Announcement | None:
        """Return the changes since the last call, for local clients; None if nothing changed."""
        now = self.online()
        only_counted = len(now) > self.list_max
        announcement = self._announce_count(now) if only_counted else self._announce_names(now)
        self.only_counted, self._announced_count = only_counted, len(now)
        return announcement

    def snapshot_for(self, user_id: int, name: str) -> dict[str, Any]:
        """Return `online` and `online_count` as last announced, with the subscriber added."""
        names = self.announced | {user_id: name}
        if self.only_counted:
            return {"online": None, "online_count": max(self._announced_count, 1)}
        online = [{"id": id, "name": name} for id, name in names.items()]
        return {"online": online, "online_count": len(online)}

    def _announce_count(self, now: Names) -> Announcement | None:
        if self.only_counted and len(now) == self._announced_count:
            return None
        return Announcement({}, [], len(now))

    def _announce_names(self, now: Names) -> Announcement | None:
        # Clients that subscribed while users were only counted have no list yet: name everyone.
        before = {} if self.only_counted else self.announced
        joined = {user: name for user, name in now.items() if before.get(user) != name}
        left = [user for user in self.announced if user not in now]
        self.announced = now
        return Announcement(joined, left, len(now)) if joined or left else None
