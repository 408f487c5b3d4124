"""What the place's log, and a room's presence, mean for the sockets of this replica."""

from typing import TYPE_CHECKING, Any

import msgspec
from django.core.exceptions import ObjectDoesNotExist

from hubbub.chat.events import Entry
from hubbub.chat.queries import room_for
from hubbub.realtime.db.executors import DATABASE_UNAVAILABLE, run_query
from hubbub.realtime.protocol import close_codes
from hubbub.realtime.protocol.messages import frame
from hubbub.realtime.protocol.websocket_frames import FrameBatch, text_frame

if TYPE_CHECKING:
    from hubbub.realtime.connections.connection import Connection
    from hubbub.realtime.hub import Hub

# What ends sockets at once. A changed password leaves the session that changed it: who comes back
# with that one is let in.
CLOSING = {
    "user.signed_out": close_codes.SIGNED_OUT,
    "user.password_changed": close_codes.TRY_AGAIN,
    "user.banned": close_codes.BANNED,
    "user.deactivated": close_codes.SIGNED_OUT,
    "token.revoked": close_codes.SIGNED_OUT,
}


def apply(hub: "Hub", entry: Entry) -> None:
    """Carry out one entry of the place's log; types of newer versions mean nothing here."""
    facts = facts_of(entry)
    if entry.type in CLOSING:
        _close(hub, entry.user, CLOSING[entry.type], facts)
        return
    match entry.type:
        case "user.renamed":
            _rename(hub, entry.user, facts["name"])
        case "member.joined":
            _put_in(hub, entry.user, facts)
        case "member.left":
            _put_out(hub, [entry.user], facts["room"], facts["reason"])
            if entry.user in hub.people:
                hub.put_out(entry.user, facts["room"])
        case "room.archived":
            _put_out(hub, list(hub.members.get(facts["room"], ())), facts["room"], "archived")
        case "room.restored" | "room.renamed" | "room.topic_changed":
            _tell_room(hub, entry.type, facts)


def facts_of(entry: Entry) -> dict[str, Any]:
    """Return what an entry of a log says, as the frame that clients get of it."""
    facts: dict[str, Any] = msgspec.json.decode(entry.text)
    return facts


def _close(hub: "Hub", user: int | None, code: int, facts: dict[str, Any]) -> None:
    """Close a person's sockets: those of the session or token that is over, else all."""
    session, token = facts.get("session"), facts.get("token")
    for connection in hub.connections_of(user):
        identity = connection.identity
        if session in (None, identity.session_digest) and token in (None, identity.token_id):
            connection.close(code)


def _rename(hub: "Hub", user: int | None, name: str) -> None:
    for connection in hub.connections_of(user):
        connection.identity.user.name = name
    for room in hub.rooms.values():
        if user is not None and room.presence.rename(user, name):
            hub.presence_dirty.add(room.log)


def _put_in(hub: "Hub", user: int | None, facts: dict[str, Any]) -> None:
    if user not in hub.people:
        return
    room_id = facts["room"]
    hub.put_in(user, room_id)
    for connection in hub.connections_of(user):
        connection.removal_sent.discard(room_id)
        connection.spawn(_tell_added(connection, room_id))


async def _tell_added(connection: "Connection", room_id: int) -> None:
    """Tell a socket of a new room as its person sees it: a direct one by the other's name."""
    try:
        room_info = await run_query(room_for, connection.identity.user, room_id)
    except ObjectDoesNotExist:
        return  # put out again meanwhile
    except DATABASE_UNAVAILABLE:
        connection.close(close_codes.TRY_AGAIN)  # it loads its rooms anew when it comes back
        return
    connection.write(frame("room.added", room_info=room_info))


def _put_out(hub: "Hub", users: list[int | None], room_id: int, reason: str) -> None:
    """Tell sockets that have not subscribed the room; the others are told by its own log."""
    removed = FrameBatch([text_frame(frame("room.removed", room=room_id, reason=reason))])
    for user in users:
        for connection in hub.connections_of(user):
            if room_id in connection.rooms:
                continue
            if room_id in connection.removal_sent:
                connection.removal_sent.discard(room_id)
            else:
                connection.write_batch(removed)


def _tell_room(hub: "Hub", type: str, facts: dict[str, Any]) -> None:
    """Tell the members who have other rooms open what a room is now like."""
    room_id = facts["room"]
    known = "room.added" if type == "room.restored" else "room.changed"
    batch = FrameBatch([text_frame(frame(known, room_info=facts["room_info"]))])
    for user in hub.members.get(room_id, ()):
        for connection in hub.connections_of(user):
            if room_id not in connection.rooms:
                connection.removal_sent.discard(room_id)
                connection.write_batch(batch)
