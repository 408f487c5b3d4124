"""The queues of a group commit: the main queue, and a queue for each locked room.

A room counts as locked here from the moment that a transaction could not get its row lock, because
another replica or a shell holds it, until everything queued for the room is written. Meanwhile the
room's sends wait in a queue of their own, where they delay no other room and keep their order.
Pure, like `fair_queue`.
"""

from collections.abc import Sequence

from hubbub.realtime.commands.fair_queue import FairQueue, QueuedSend

MAX_QUEUED = 5_000
MAX_QUEUED_PER_USER = 1_000  # so that no single user fills the queues


class SendQueues:
    def __init__(self) -> None:
        self.main = FairQueue()
        self.locked_rooms: dict[int, FairQueue] = {}  # by room id

    def ensure_space(self, user_id: int) -> None:
        """Raise TimeoutError if another send of this user would exceed a limit."""
        queues = (self.main, *self.locked_rooms.values())
        total = sum(len(queue) for queue in queues)
        user_total = sum(queue.count_of(user_id) for queue in queues)
        if total >= MAX_QUEUED or user_total >= MAX_QUEUED_PER_USER:
            raise TimeoutError

    def add(self, send: QueuedSend) -> None:
        self.locked_rooms.get(send.draft.room_id, self.main).add(send)

    def lock_rooms(self, blocked: Sequence[QueuedSend]) -> set[int]:
        """Create a queue for each room of `blocked`, the sends whose rooms were locked.

        Sends to these rooms that are in the main queue move to the new queues, behind the blocked
        sends. Return the ids of the rooms.
        """
        room_ids = {send.draft.room_id for send in blocked}
        if not room_ids:
            return room_ids
        self.locked_rooms |= {room_id: FairQueue() for room_id in room_ids}
        for send in (*blocked, *self.main.take_rooms(room_ids)):
            self.add(send)
        return room_ids

    def unlock_room(self, room_id: int) -> None:
        """Remove a room's empty queue, so that further sends to the room use the main queue."""
        del self.locked_rooms[room_id]
