"""The hand-over from replay to live events: the moment at which a subscription becomes active.

`subscribe` calls `activate` with the last page of missed events. Between reading that page and the
end of `activate` nothing may await. So no event can arrive in between, and each is written once.
"""

from hubbub.realtime.connections.connection import Connection
from hubbub.realtime.delivery.local_rooms import LocalRoom
from hubbub.realtime.hub import Hub
from hubbub.realtime.protocol.json_frames import Ref, answer
from hubbub.realtime.protocol.websocket_frames import FrameBatch, text_frame
from hubbub.realtime.subscriptions.replay import ReplayPage


def activate(
    hub: Hub,
    connection: Connection,
    room: LocalRoom,
    *,
    position: int | None,
    last_page: ReplayPage,
    ref: Ref,
) -> None:
    """Write the last page and the answer `subscribed`, then start live delivery. Must not await.

    Does nothing if, in the meantime, the connection has closed or the hub has closed the room.
    """
    if connection.closed or hub.local_rooms.get(room.id) is not room:
        return
    room.subscribe(connection)
    if hub.traffic_observer is not None:
        missed = None if position is None else (room.seq or 0) - position
        hub.traffic_observer.subscribed(connection, room.id, missed, last_page.resumed)
    subscribed = answer(
        "subscribed",
        ref,
        room=room.id,
        seq=room.seq,
        resumed=last_page.resumed,
        **room.presence.snapshot_for(connection.user_id, connection.name),
    )
    texts = [*(entry.text for entry in last_page.entries), subscribed]
    connection.write_batch(FrameBatch([text_frame(text) for text in texts]))
