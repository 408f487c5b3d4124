"""Endpoints that list, create, change, join, leave and archive rooms, and open direct messages."""

from django.db import transaction
from django.http import HttpRequest
from ninja import Router, Status

from hubbub.api.auth import current_user
from hubbub.api.schemas import FoundRooms, Id, NewRoom, RoomChange, RoomInfo, SelectedUser
from hubbub.chat import queries
from hubbub.chat.actions import members, rooms

router = Router(tags=["rooms"], by_alias=True, exclude_unset=True)


@router.get("/rooms", response=list[RoomInfo], summary="List your rooms")
def list_rooms(request: HttpRequest) -> object:
    return queries.rooms_of(current_user(request))


@router.get("/rooms/directory", response=FoundRooms, summary="Find rooms")
def find_rooms(request: HttpRequest, q: str = "", archived: bool = False) -> object:
    """Public rooms whose name contains `q`. With `archived`, archived rooms instead."""
    return queries.directory(current_user(request), named=q, archived=archived)


@router.post("/rooms", response={201: RoomInfo}, summary="Create a room")
def create_room(request: HttpRequest, payload: NewRoom) -> object:
    actor = current_user(request)
    room = rooms.create(actor, name=payload.name, kind=payload.kind, topic=payload.topic)
    return Status(201, queries.room_for(actor, room.pk))


@router.post("/direct", response=RoomInfo, summary="Open a direct message")
def open_direct(request: HttpRequest, payload: SelectedUser) -> object:
    """Creates the direct message with this user, or returns the existing one."""
    actor = current_user(request)
    room = rooms.open_direct(actor, user_id=payload.user)
    return queries.room_for(actor, room.pk)


@router.get("/rooms/{room_id}", response=RoomInfo, summary="Read a room")
def read_room(request: HttpRequest, room_id: Id) -> object:
    return queries.room_for(current_user(request), room_id)


@router.patch("/rooms/{room_id}", response=RoomInfo, summary="Rename a room or change its topic")
def change_room(request: HttpRequest, room_id: Id, payload: RoomChange) -> object:
    actor = current_user(request)
    with transaction.atomic():  # save both changes or none
        if payload.name is not None:
            rooms.rename(actor, room_id=room_id, name=payload.name)
        if payload.topic is not None:
            rooms.set_topic(actor, room_id=room_id, topic=payload.topic)
    return queries.room_for(actor, room_id)


@router.post("/rooms/{room_id}/join", response=RoomInfo, summary="Join a room")
def join_room(request: HttpRequest, room_id: Id) -> object:
    actor = current_user(request)
    members.join(actor, room_id=room_id)
    return queries.room_for(actor, room_id)


@router.post("/rooms/{room_id}/leave", response={204: None}, summary="Leave a room")
def leave_room(request: HttpRequest, room_id: Id) -> object:
    members.leave(current_user(request), room_id=room_id)
    return Status(204, None)


@router.post("/rooms/{room_id}/archive", response=RoomInfo, summary="Archive a room")
def archive_room(request: HttpRequest, room_id: Id) -> object:
    actor = current_user(request)
    queries.room_for(actor, room_id)  # 404 for others' private rooms, even for workspace owners
    rooms.archive(actor, room_id=room_id)
    return queries.room_for(actor, room_id)


@router.post("/rooms/{room_id}/restore", response=RoomInfo, summary="Restore a room")
def restore_room(request: HttpRequest, room_id: Id) -> object:
    actor = current_user(request)
    queries.room_for(actor, room_id)
    rooms.restore(actor, room_id=room_id)
    return queries.room_for(actor, room_id)
