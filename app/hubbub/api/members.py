"""Endpoints that list, invite and remove a room's members, and change their roles."""

from typing import Annotated

from django.http import HttpRequest
from ninja import Query, Router, Status

from hubbub.api.auth import current_user
from hubbub.api.schemas import MAX_ID, MAX_MEMBERS, Id, Member, Members, RoleChange, SelectedUser
from hubbub.chat import queries
from hubbub.chat.actions import members

router = Router(tags=["members"])


@router.get("/rooms/{room_id}/members", response=Members, summary="List members")
def list_members(
    request: HttpRequest,
    room_id: Id,
    q: str = "",
    limit: Annotated[int, Query(ge=1, le=MAX_MEMBERS)] = 100,
    offset: Annotated[int, Query(ge=0, le=MAX_ID)] = 0,
) -> object:
    """Members whose name or username contains `q`, ordered by name. For members only."""
    user = current_user(request)
    return queries.members_of(user, room_id, named=q, limit=limit, offset=offset)


@router.post("/rooms/{room_id}/members", response={201: Member}, summary="Add a member")
def invite(request: HttpRequest, room_id: Id, payload: SelectedUser) -> object:
    membership = members.invite(current_user(request), room_id=room_id, user_id=payload.user)
    return Status(201, queries.serialize_member(membership))


@router.patch("/rooms/{room_id}/members/{user_id}", response=Member, summary="Change a role")
def change_role(request: HttpRequest, room_id: Id, user_id: Id, payload: RoleChange) -> object:
    actor = current_user(request)
    membership = members.change_role(actor, room_id=room_id, user_id=user_id, role=payload.role)
    return queries.serialize_member(membership)


@router.delete(
    "/rooms/{room_id}/members/{user_id}", response={204: None}, summary="Remove a member"
)
def remove(request: HttpRequest, room_id: Id, user_id: Id) -> object:
    members.remove(current_user(request), room_id=room_id, user_id=user_id)
    return Status(204, None)
