"""Reads what users see: their rooms, the directory, a room's members, other users.

The page and REST both use these, and return them in the protocol's shapes. `pagination` reads the
messages of a room. Reads acquire no locks. They raise what actions raise: `Room.DoesNotExist` if
the user is not allowed to know that the room exists, and `PermissionDenied` if they can know of the
room but not read it.
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
    "find_users",
    "members_of",
    "messages_page",
    "read_mark",
    "room_for",
    "rooms_of",
]

MAX_FOUND_ROOMS = 200
MAX_FOUND_USERS = 20

Data: TypeAlias = dict[str, Any]


def rooms_of(user: User) -> list[Data]:
    """Return a user's open rooms: first the lobby, then rooms by name, then direct messages."""
    mine = Membership.objects.filter(user=user, room__archived_at=None).select_related("room")
    others = _others_in(user, [row.room for row in mine])
    rooms = [_serialize_own_room(row, others) for row in mine]
    return sorted(rooms, key=_list_position)


def room_for(user: User, room_id: int) -> Data:
    """Return a `room_info`. It has no `role` and `read` if the user is not in the public room."""
    try:
        row = Membership.objects.select_related("room").get(user=user, room_id=room_id)
    except Membership.DoesNotExist:
        return serialize_room(Room.objects.public().get(pk=room_id))
    return _serialize_own_room(row, _others_in(user, [row.room]))


def directory(user: User, *, named: str = "", archived: bool = False) -> list[Data]:
    """Return the public rooms whose name contains `named`, as `room_info`s.

    Rooms that the user is in have `role` and `read`. With `archived`, return archived rooms
    instead, including the private ones that the user is in.
    """
    rooms = Room.objects.archived_for(user) if archived else Room.objects.public().open()
    found = rooms.filter(name_key__contains=clean_line(named).casefold())
    found = found.order_by("-is_lobby", "name_key")[:MAX_FOUND_ROOMS]
    mine = Membership.objects.filter(user=user, room__in=[room.pk for room in found])
    memberships = {row.room_id: row for row in mine}
    return [serialize_room(room, memberships.get(room.pk)) for room in found]


def members_of(
    user: User, room_id: int, *, named: str = "", limit: int = 100, offset: int = 0
) -> list[Data]:
    """Return a room's members, ordered by name. Only members of the room may read them."""
    room = own_membership(user, room_id).room
    rows = Membership.objects.filter(_named(named, "user__"), room=room).select_related("user")
    rows = rows.order_by("user__name", "user_id")[offset : offset + limit]
    return [serialize_member(row) for row in rows]


def read_mark(user: User, room_id: int) -> int:
    """Return the number of the last message that the user has read in a room."""
    return own_membership(user, room_id).read


def find_users(part: str) -> list[Data]:
    """Return up to MAX_FOUND_USERS active users whose name or username contains `part`."""
    users = User.objects.filter(_named(part), is_active=True, banned_at=None, hidden=False)
    users = users.order_by("name", "pk")[:MAX_FOUND_USERS]
    return [serialize_user_with_username(user) for user in users]


def serialize_user_with_username(user: User) -> Data:
    """Return a user with the username, which tells users of the same name apart."""
    return serialize_user(user) | {"username": user.username}


def serialize_member(membership: Membership) -> Data:
    return serialize_user_with_username(membership.user) | {"role": membership.role}


def _others_in(user: User, rooms: Iterable[Room]) -> dict[int, User]:
    """Return the other user of each direct message, by room id."""
    direct = [room.pk for room in rooms if room.is_direct]
    if not direct:
        return {}
    rows = Membership.objects.filter(room__in=direct).exclude(user=user).select_related("user")
    return {row.room_id: row.user for row in rows}


def _serialize_own_room(row: Membership, others: dict[int, User]) -> Data:
    data = serialize_room(row.room, row)
    if other := others.get(row.room_id):
        data |= {"name": str(other), "with": serialize_user(other)}
    return data


def _list_position(room: Data) -> tuple[bool, bool, str, int]:
    return not room["lobby"], room["kind"] == Room.Kind.DIRECT, room["name"].casefold(), room["id"]


def _named(part: str, prefix: str = "") -> Q:
    part = clean_line(part)
    return Q(**{f"{prefix}name__icontains": part}) | Q(**{f"{prefix}username__icontains": part})
