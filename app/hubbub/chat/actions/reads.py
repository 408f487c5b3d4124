"""Read marks: how far a person has read a room. Not in the log, and written in batches."""

from collections.abc import Mapping
from functools import partial

from django.db import transaction
from django.db.models import Q

from hubbub.chat.models import Membership
from hubbub.chat.publisher import PLACE_GROUP, publisher

# (user id, room id): number of the newest message seen
Marks = Mapping[tuple[int, int], int]


def mark(marks: Marks) -> dict[tuple[int, int], int]:
    """Move read marks forward, in one transaction; return those that moved.

    After the commit the people's other tabs and devices are told of them.

    Never back, and never beyond the room's last message. Rows are locked in the order of their
    ids, since several replicas write batches at the same time.
    """
    if not marks:
        return {}
    wanted = Q(pk__in=[])
    for user_id, room_id in marks:
        wanted |= Q(user_id=user_id, room_id=room_id)
    with transaction.atomic():
        rows = Membership.objects.filter(wanted).select_for_update(of=("self",))
        moved = []
        for membership in rows.select_related("room").order_by("pk"):
            number = marks[membership.user_id, membership.room_id]
            number = min(number, membership.room.messages)
            if number > membership.read:
                membership.read = number
                moved.append(membership)
        Membership.objects.bulk_update(moved, ["read"])
        if moved:
            transaction.on_commit(partial(_tell, moved))
    return {(row.user_id, row.room_id): row.read for row in moved}


def _tell(moved: list[Membership]) -> None:
    told = [(row.user_id, row.room_id, row.read) for row in moved]
    publisher.publish(PLACE_GROUP, {"type": "read", "marks": told})
