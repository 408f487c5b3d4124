"""What people read: their rooms, the directory, who is in a room, who there is.

The page and REST both answer from here, in the protocol's shapes; a room's messages are read by
`chat.history`. Reads lock nothing and raise as actions do: `Room.DoesNotExist` where one must not
know of the room, `PermissionDenied` where one may.
"""

from collections.abc import Iterable
from typing import Any, TypeAlias

from django.db.models import Q

from hubbub.accounts.models import User
from hubbub.chat.models import Membership, Room
from hubbub.chat.pagination import messages_page, own_membership
from hubbub.chat.serializers import serialize_room, serialize_user
from hubbub.chat.text import clean_line

__all__ = [
    "directory",
    "members_of",
    "messages_page",
    "people_named",
    "read_mark",
    "room_for",
    "rooms_of",
]

MAX_FOUND_ROOMS = 200
MAX_FOUND_PEOPLE = 20

Frame: TypeAlias = dict[str, Any]


def rooms_of(user: User) -> list[Frame]:
    """Return one's open rooms as `room_info`s: the lobby, then by name, then conversations."""
    mine = Membership.objects.filter(user=user, room__archived_at=None).select_related("room")
    others = _others_in(user, [row.room for row in mine])
    frames = [_own_room_frame(row, others) for row in mine]
    return sorted(frames, key=_place_in_list)


def room_for(user: User, room_id: int) -> Frame:
    """Return a `room_info`; of a public room that one is not in, without `role` and `read`."""
    try:
        row = Membership.objects.select_related("room").get(user=user, room_id=room_id)
    except Membership.DoesNotExist:
        return serialize_room(Room.objects.public().get(pk=room_id))
    return _own_room_frame(row, _others_in(user, [row.room]))


def directory(user: User, *, named: str = "", archived: bool = False) -> list[Frame]:
    """Return the public rooms of a part of a name, with `role` and `read` where one is a member.

    `archived`: the archived rooms instead, one's own private ones too.
    """
    rooms = Room.objects.archived_for(user) if archived else Room.objects.public().open()
    found = rooms.filter(name_key__contains=clean_line(named).casefold())
    found = found.order_by("-is_lobby", "name_key")[:MAX_FOUND_ROOMS]
    mine = Membership.objects.filter(user=user, room__in=[room.pk for room in found])
    memberships = {row.room_id: row for row in mine}
    return [serialize_room(room, memberships.get(room.pk)) for room in found]


def members_of(
    user: User, room_id: int, *, named: str = "", limit: int = 100, offset: int = 0
) -> list[Frame]:
    """Return a room's members by name, to its members only."""
    room = own_membership(user, room_id).room
    rows = Membership.objects.filter(_named(named, "user__"), room=room).select_related("user")
    rows = rows.order_by("user__name", "user_id")[offset : offset + limit]
    return [serialize_member(row) for row in rows]


def read_mark(user: User, room_id: int) -> int:
    """Return the number of the last message that a member has read."""
    return own_membership(user, room_id).read


def people_named(part: str) -> list[Frame]:
    """Return a few people with `part` in their name or username; none who cannot enter."""
    people = User.objects.filter(_named(part), is_active=True, banned_at=None, hidden=False)
    people = people.order_by("name", "pk")[:MAX_FOUND_PEOPLE]
    return [serialize_user_with_username(person) for person in people]


def serialize_user_with_username(user: User) -> Frame:
    """Return a person with the username that tells two of one name apart."""
    return serialize_user(user) | {"username": user.username}


def serialize_member(membership: Membership) -> Frame:
    return serialize_user_with_username(membership.user) | {"role": membership.role}


def _others_in(user: User, rooms: Iterable[Room]) -> dict[int, User]:
    """Return the other person of each direct room, by the room's id."""
    direct = [room.pk for room in rooms if room.is_direct]
    if not direct:
        return {}
    rows = Membership.objects.filter(room__in=direct).exclude(user=user).select_related("user")
    return {row.room_id: row.user for row in rows}


def _own_room_frame(row: Membership, others: dict[int, User]) -> Frame:
    frame = serialize_room(row.room, row)
    if other := others.get(row.room_id):
        frame |= {"name": str(other), "with": serialize_user(other)}
    return frame


def _place_in_list(room: Frame) -> tuple[bool, bool, str, int]:
    return not room["lobby"], room["kind"] == Room.Kind.DIRECT, room["name"].casefold(), room["id"]


def _named(part: str, prefix: str = "") -> Q:
    part = clean_line(part)
    return Q(**{f"{prefix}name__icontains": part}) | Q(**{f"{prefix}username__icontains": part})
