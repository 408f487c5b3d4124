"""Rooms: one's own, the directory, making and changing them, direct conversations."""

from django.db import transaction
from django.http import HttpRequest
from ninja import Router, Status

from hubbub.api.auth import current_user
from hubbub.api.schemas import FoundRooms, Id, NewRoom, RoomChange, RoomInfo, Whom
from hubbub.chat import queries
from hubbub.chat.actions import members, rooms

router = Router(tags=["rooms"], by_alias=True, exclude_unset=True)


@router.get("/rooms", response=list[RoomInfo], summary="Your rooms")
def list_rooms(request: HttpRequest) -> object:
    return queries.rooms_of(current_user(request))


@router.get("/rooms/directory", response=FoundRooms, summary="Rooms to join")
def find_rooms(request: HttpRequest, q: str = "", archived: bool = False) -> object:
    """Public rooms with `q` in their name; `archived`: those that may be brought back."""
    return queries.directory(current_user(request), named=q, archived=archived)


@router.post("/rooms", response={201: RoomInfo}, summary="Make a room")
def create_room(request: HttpRequest, given: NewRoom) -> object:
    actor = current_user(request)
    room = rooms.create(actor, name=given.name, kind=given.kind, topic=given.topic)
    return Status(201, queries.room_for(actor, room.pk))


@router.post("/direct", response=RoomInfo, summary="Open a direct conversation")
def open_direct(request: HttpRequest, given: Whom) -> object:
    """The room of the two of you: the same one every time."""
    actor = current_user(request)
    room = rooms.open_direct(actor, user_id=given.user)
    return queries.room_for(actor, room.pk)


@router.get("/rooms/{room_id}", response=RoomInfo, summary="A room")
def read_room(request: HttpRequest, room_id: Id) -> object:
    return queries.room_for(current_user(request), room_id)


@router.patch("/rooms/{room_id}", response=RoomInfo, summary="Rename it, change its topic")
def change_room(request: HttpRequest, room_id: Id, given: RoomChange) -> object:
    actor = current_user(request)
    with transaction.atomic():  # both or nothing
        if given.name is not None:
            rooms.rename(actor, room_id=room_id, name=given.name)
        if given.topic is not None:
            rooms.set_topic(actor, room_id=room_id, topic=given.topic)
    return queries.room_for(actor, room_id)


@router.post("/rooms/{room_id}/join", response=RoomInfo, summary="Join it")
def join_room(request: HttpRequest, room_id: Id) -> object:
    actor = current_user(request)
    members.join(actor, room_id=room_id)
    return queries.room_for(actor, room_id)


@router.post("/rooms/{room_id}/leave", response={204: None}, summary="Leave it")
def leave_room(request: HttpRequest, room_id: Id) -> object:
    members.leave(current_user(request), room_id=room_id)
    return Status(204, None)


@router.post("/rooms/{room_id}/archive", response=RoomInfo, summary="Archive it")
def archive_room(request: HttpRequest, room_id: Id) -> object:
    actor = current_user(request)
    queries.room_for(actor, room_id)  # the place's owner too does not reach every private room
    rooms.archive(actor, room_id=room_id)
    return queries.room_for(actor, room_id)


@router.post("/rooms/{room_id}/restore", response=RoomInfo, summary="Bring it back")
def restore_room(request: HttpRequest, room_id: Id) -> object:
    actor = current_user(request)
    queries.room_for(actor, room_id)
    rooms.restore(actor, room_id=room_id)
    return queries.room_for(actor, room_id)
