"""What a hub knows about its local rooms."""

from hubbub.realtime.hub import Hub


async def test_rooms_keep_their_mark_until_each_is_handled() -> None:
    hub = Hub()
    failing, waiting, closed = (hub.open_room(number) for number in (1, 2, 3))
    for room in (failing, waiting, closed):
        room.mark_presence_changed()
    hub.close_room(closed)
    # The presence updates begin with this room, fail, and start again.
    failing.changed_rooms.discard(failing)
    assert hub.rooms_with_changed_presence() == [waiting]
    waiting.changed_rooms.discard(waiting)
    assert hub.rooms_with_changed_presence() == []
