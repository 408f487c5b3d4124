"""Read marks record how far users have read. No log contains them; they are written in batches."""

from collections import defaultdict
from collections.abc import Mapping
from functools import partial

from django.db import transaction
from django.db.models import Q

from hubbub.chat.models import Membership
from hubbub.chat.publisher import WORKSPACE_GROUP, publisher

# (user id, room id): number of the newest message that the user has read
Marks = Mapping[tuple[int, int], int]


# SQLite's parser accepts at most a thousand conditions in one query.
MAX_MARKS = 500


def mark(marks: Marks) -> dict[tuple[int, int], int]:
    """Move read marks forward and return those that moved.

    A mark never moves back, nor beyond the room's last message. One transaction moves at most
    MAX_MARKS marks. They are published after its commit, for the users' other tabs and devices.
    """
    keys = list(marks)
    moved: list[Membership] = []
    for start in range(0, len(keys), MAX_MARKS):
        moved += _mark({key: marks[key] for key in keys[start : start + MAX_MARKS]})
    return {(row.user_id, row.room_id): row.read for row in moved}


@transaction.atomic
def _mark(marks: Marks) -> list[Membership]:
    # Lock the rows in the order of their ids. Several replicas write batches at the same time, and
    # in any other order they could deadlock.
    rows = Membership.objects.filter(_any_of(marks))
    rows = rows.select_for_update(of=("self",), no_key=True)
    moved = []
    for membership in rows.select_related("room").order_by("pk"):
        number = min(marks[membership.user_id, membership.room_id], membership.room.messages)
        if number > membership.read:
            membership.read = number
            moved.append(membership)
    Membership.objects.bulk_update(moved, ["read"])
    if moved:
        transaction.on_commit(partial(_publish, moved))
    return moved


def _any_of(marks: Marks) -> Q:
    readers = defaultdict[int, list[int]](list)
    for user_id, room_id in marks:
        readers[room_id].append(user_id)
    condition = Q(pk__in=[])
    for room_id, user_ids in readers.items():
        condition |= Q(room_id=room_id, user_id__in=user_ids)
    return condition


def _publish(moved: list[Membership]) -> None:
    marks = [(row.user_id, row.room_id, row.read) for row in moved]
    publisher.publish(WORKSPACE_GROUP, {"type": "read", "marks": marks})
