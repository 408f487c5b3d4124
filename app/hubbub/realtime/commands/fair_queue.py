"""The line of drafts before a writer: who waits, and whose turn it is. Pure but for the futures.

People take turns, so that whoever sends much makes nobody else wait; what one person sends keeps
its order.
"""

import asyncio
from collections import deque
from collections.abc import Iterable
from itertools import count
from operator import attrgetter
from typing import NamedTuple

from hubbub.chat.actions.send_batch import Draft
from hubbub.chat.models import Message

_tickets = count()


class Waiting(NamedTuple):
    ticket: int  # in the order of arrival
    draft: Draft
    answer: "asyncio.Future[Message]"


def arrive(draft: Draft) -> Waiting:
    answer: asyncio.Future[Message] = asyncio.get_running_loop().create_future()
    return Waiting(next(_tickets), draft, answer)


class Line:
    def __init__(self) -> None:
        # By person, those whose turn comes first in front; nobody without a draft.
        self._people: dict[int, deque[Waiting]] = {}
        self._length = 0

    def __len__(self) -> int:
        return self._length

    def length_of(self, person: int) -> int:
        return len(self._people.get(person, ()))

    def put(self, waiting: Waiting) -> None:
        """Put it behind what its sender has here already."""
        self._people.setdefault(waiting.draft.sender_id, deque()).append(waiting)
        self._length += 1

    def take(self, most: int) -> list[Waiting]:
        """Take so many at most, one of each person in turn; return them in order of arrival."""
        taken: list[Waiting] = []
        while self._people and len(taken) < most:
            person = next(iter(self._people))
            own = self._people.pop(person)
            taken.append(own.popleft())
            if own:
                self._people[person] = own  # behind all others
        self._length -= len(taken)
        return _by_arrival(taken)

    def take_rooms(self, room_ids: set[int]) -> list[Waiting]:
        """Take all that waits for some rooms; return it in order of arrival."""
        everything = self.take(len(self))
        for waiting in everything:
            if waiting.draft.room_id not in room_ids:
                self.put(waiting)
        return [waiting for waiting in everything if waiting.draft.room_id in room_ids]


def _by_arrival(line: Iterable[Waiting]) -> list[Waiting]:
    return sorted(line, key=attrgetter("ticket"))
