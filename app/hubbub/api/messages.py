"""Endpoints that read pages of messages, send, edit and delete messages, and move the read mark."""

from typing import Annotated
from uuid import uuid4

from django.core.exceptions import ValidationError
from django.http import HttpRequest
from django.utils.translation import gettext as _
from ninja import Query, Router, Status

from hubbub.api.auth import current_user
from hubbub.api.schemas import (
    Id,
    MessageEdit,
    MessageInfo,
    MessagePage,
    NewMessage,
    ReadMark,
    ReadPosition,
    Seq,
)
from hubbub.chat import queries, rate_limits
from hubbub.chat.actions import messages, read_marks, send
from hubbub.chat.serializers import serialize_message

router = Router(tags=["messages"])


@router.get("/rooms/{room_id}/messages", response=MessagePage, summary="List messages")
def read_page(
    request: HttpRequest,
    room_id: Id,
    before: Seq | None = None,
    after: Seq | None = None,
    around: Seq | None = None,
    limit: Annotated[int, Query(ge=1)] = 50,
) -> object:
    """Messages before, after or around a seq, or else the newest. At most 100. For members only."""
    if sum(seq is not None for seq in (before, after, around)) > 1:
        raise ValidationError(_("Use only one of before, after and around."), code="invalid")
    return queries.messages_page(
        current_user(request), room_id, before=before, after=after, around=around, limit=limit
    )


@router.post("/rooms/{room_id}/messages", response={201: MessageInfo}, summary="Send a message")
def send_message(request: HttpRequest, room_id: Id, payload: NewMessage) -> object:
    """Returns once the message is saved. Repeating a `nonce` returns the first message."""
    actor = current_user(request)
    rate_limits.messages.take(actor.pk)
    nonce = payload.nonce or uuid4().hex
    message = send.send(
        actor, room_id=room_id, nonce=nonce, body=payload.body, reply_to_id=payload.reply_to
    )
    return Status(201, serialize_message(message))


@router.patch("/messages/{message_id}", response=MessageInfo, summary="Edit a message")
def edit_message(request: HttpRequest, message_id: Id, payload: MessageEdit) -> object:
    actor = current_user(request)
    rate_limits.messages.take(actor.pk)
    return serialize_message(messages.edit(actor, message_id=message_id, body=payload.body))


@router.delete("/messages/{message_id}", response={204: None}, summary="Delete a message")
def delete_message(request: HttpRequest, message_id: Id) -> object:
    """Deletes the text for good. The message and its number stay."""
    messages.delete(current_user(request), message_id=message_id)
    return Status(204, None)


@router.post("/rooms/{room_id}/read", response=ReadMark, summary="Mark as read")
def mark_read(request: HttpRequest, room_id: Id, payload: ReadPosition) -> object:
    """The mark never moves back, nor beyond the last message."""
    user = current_user(request)
    read_marks.mark({(user.pk, room_id): payload.number})
    return {"room": room_id, "number": queries.read_mark(user, room_id)}
