"""A room that is found locked gets a queue of its own; its sends keep their order."""

from hubbub.chat.actions.send_batch import Draft
from hubbub.realtime.commands.fair_queue import QueuedSend
from hubbub.realtime.commands.send_queues import SendQueues

ALICE, BOB = 1, 2
LOBBY, OTHER_ROOM = 1, 2


def a_send(sender: int, room_id: int) -> QueuedSend:
    return QueuedSend.of(Draft(sender, room_id, "nonce", "Ahoy"))


async def test_sends_to_a_locked_room_queue_behind_the_blocked_ones_until_it_is_unlocked() -> None:
    queues = SendQueues()
    blocked, queued, other = a_send(ALICE, LOBBY), a_send(BOB, LOBBY), a_send(ALICE, OTHER_ROOM)
    queues.add(queued)
    queues.add(other)
    assert queues.lock_rooms([blocked]) == {LOBBY}
    later = a_send(ALICE, LOBBY)
    queues.add(later)
    assert queues.main.take(10) == [other]
    assert queues.locked_rooms[LOBBY].take(10) == [blocked, queued, later]
    queues.unlock_room(LOBBY)
    queues.add(later)
    assert queues.main.take(10) == [later]


async def test_nothing_is_locked_if_no_send_was_blocked() -> None:
    queues = SendQueues()
    queues.add(a_send(ALICE, LOBBY))
    assert queues.lock_rooms([]) == set()
    assert len(queues.main) == 1
