"""Who has a room open, across all replicas, as one replica knows it. Pure.

Each replica numbers its own joins and leaves of a room and repeats the last number in its
heartbeat, so that whoever missed one notices and asks for the whole list. What local clients are
told is the difference between what was announced and what is known now: people who come back on
another replica before the first one is forgotten were never gone.
"""

from dataclasses import dataclass, field
from typing import Any, NamedTuple

People = dict[int, str]  # user id: name


class Change(NamedTuple):
    """What is announced to local clients; `joined` and `left` are empty when only counted."""

    joined: People
    left: list[int]
    online: int


class Told(NamedTuple):
    """What other replicas are told, in one change with the next number."""

    number: int
    joined: People  # or renamed
    left: list[int]


@dataclass(slots=True)
class View:
    """The people of another replica, as of its change `number`."""

    number: int
    people: People


@dataclass(slots=True)
class Presence:
    """One room's presence. `local` counts each person's connections on this replica.

    `number` is that of the last change that others were told.
    """

    list_max: int
    number: int = 0
    local: dict[int, int] = field(default_factory=dict)
    names: People = field(default_factory=dict)
    views: dict[str, View] = field(default_factory=dict)
    announced: People = field(default_factory=dict)
    counted: bool = False  # too many to be named: the last announcement was their number
    _announced_count: int = 0
    _untold: dict[int, str | None] = field(default_factory=dict)  # None: left

    def open(self, user: int, name: str) -> bool:
        """Count a connection; True when the person was not here: others are to be told."""
        self.local[user] = self.local.get(user, 0) + 1
        self.names[user] = name
        if self.local[user] > 1:
            return False
        self._untold[user] = name
        return True

    def close(self, user: int) -> bool:
        """Count a connection less; True when it was the person's last here."""
        self.local[user] -= 1
        if self.local[user]:
            return False
        del self.local[user], self.names[user]
        self._untold[user] = None
        return True

    def rename(self, user: int, name: str) -> bool:
        """Take a person's new name; True when they are here, so others must be told."""
        if self.names.get(user, name) == name:
            return False
        self.names[user] = name
        self._untold[user] = name
        return True

    def tell(self) -> Told | None:
        """Return what changed here since the last call, however much it is; None: nothing."""
        if not self._untold:
            return None
        self.number += 1
        joined = {user: name for user, name in self._untold.items() if name is not None}
        left = [user for user, name in self._untold.items() if name is None]
        self._untold.clear()
        return Told(self.number, joined, left)

    def heard_change(self, replica: str, number: int, joined: People, left: list[int]) -> bool:
        """Apply the next change of another replica; False when its whole list is needed."""
        view = self.views.get(replica)
        if view is not None and number <= view.number:
            return True
        if view is None or number != view.number + 1:
            return False
        view.number = number
        view.people.update(joined)
        for user in left:
            view.people.pop(user, None)
        return True

    def heard_list(self, replica: str, number: int, people: People) -> None:
        view = self.views.get(replica)
        if view is None or number >= view.number:
            self.views[replica] = View(number, people)

    def agrees(self, replica: str, number: int | None) -> bool:
        """Compare with a heartbeat; False when the replica's list has to be asked for.

        None: the replica does not have the room open.
        """
        if number is None:
            self.views.pop(replica, None)
            return True
        view = self.views.get(replica)
        return view is not None and view.number == number

    def forget(self, replica: str) -> None:
        self.views.pop(replica, None)

    def online(self) -> People:
        """Return everybody who has the room open anywhere, as far as it is known here."""
        people = dict(self.names)
        for view in self.views.values():
            people |= view.people
        return people

    def announce(self) -> Change | None:
        """Return what changed since the last call, for local clients; None when nothing did."""
        now = self.online()
        counted = len(now) > self.list_max
        change = self._count(now) if counted else self._list(now)
        self.counted, self._announced_count = counted, len(now)
        return change

    def _count(self, now: People) -> Change | None:
        if self.counted and len(now) == self._announced_count:
            return None
        return Change({}, [], len(now))

    def _list(self, now: People) -> Change | None:
        # Whoever came while people were only counted has no list yet: then everybody is named.
        before = {} if self.counted else self.announced
        joined = {user: name for user, name in now.items() if before.get(user) != name}
        left = [user for user in self.announced if user not in now]
        self.announced = now
        return Change(joined, left, len(now)) if joined or left else None

    def known_to(self, user: int, name: str) -> dict[str, Any]:
        """Return `online` and `online_count` for one who subscribes: what was announced so far."""
        people = self.announced | {user: name}
        if self.counted:
            return {"online": None, "online_count": max(self._announced_count, 1)}
        people_list = [{"id": id, "name": name} for id, name in people.items()]
        return {"online": people_list, "online_count": len(people_list)}
