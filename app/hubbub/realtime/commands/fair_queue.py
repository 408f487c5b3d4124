"""Queues sends and returns them in a fair order.

Users take turns, so a user who sends a lot does not delay others. The sends of one user keep their
order. Pure, except for the futures that receive the results.
"""

import asyncio
from collections import deque
from itertools import count
from operator import attrgetter
from typing import NamedTuple

from hubbub.chat.actions.send_batch import Draft
from hubbub.chat.models import Message

_arrivals = count()


class QueuedSend(NamedTuple):
    arrival: int  # increases with each send that arrives
    draft: Draft
    result: "asyncio.Future[Message]"

    @classmethod
    def of(cls, draft: Draft) -> "QueuedSend":
        result: asyncio.Future[Message] = asyncio.get_running_loop().create_future()
        return cls(next(_arrivals), draft, result)


class FairQueue:
    def __init__(self) -> None:
        # The queued sends by user id. The user who is served next comes first. Users without queued
        # sends are left out.
        self._users: dict[int, deque[QueuedSend]] = {}
        self._length = 0

    def __len__(self) -> int:
        return self._length

    def count_of(self, user_id: int) -> int:
        return len(self._users.get(user_id, ()))

    def add(self, send: QueuedSend) -> None:
        """Add a send behind the sends that the same user has already queued."""
        self._users.setdefault(send.draft.sender_id, deque()).append(send)
        self._length += 1

    def take(self, limit: int) -> list[QueuedSend]:
        """Remove up to `limit` sends, one of each user in turn. Return them in order of arrival."""
        taken: list[QueuedSend] = []
        while self._users and len(taken) < limit:
            user_id = next(iter(self._users))
            sends = self._users.pop(user_id)
            taken.append(sends.popleft())
            if sends:
                self._users[user_id] = sends  # this user is now behind all others
        self._length -= len(taken)
        return sorted(taken, key=attrgetter("arrival"))

    def take_rooms(self, room_ids: set[int]) -> list[QueuedSend]:
        """Remove all sends to the given rooms. Return them in order of arrival."""
        sends = self.take(len(self))
        for send in sends:
            if send.draft.room_id not in room_ids:
                self.add(send)
        return [send for send in sends if send.draft.room_id in room_ids]
