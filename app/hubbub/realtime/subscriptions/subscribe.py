"""Subscribing to rooms: missed events in order, then live events, each once.

The order of the steps is the guarantee:

1. One statement reads the membership and the room's last seq.
2. The local room starts at that seq, or reads its log up to it. Only then is the replay looked up,
   in the replay buffer or in the log. So it reflects every deletion up to that seq.
3. The step from the last page to the live subscription (`activation`) does not await, so no event
   is missed.

Events that are published before a new room's group is joined are read from the log, as they are
when the bus is lost. A replica never follows a room for a user who may not read it. Otherwise any
user could make it join an unlimited number of groups.
"""

import time

from django.utils.translation import gettext as _

from hubbub.realtime.catch_up.catch_up import CatchUp, LogTruncatedError
from hubbub.realtime.connections.connection import Connection
from hubbub.realtime.db.executors import DATABASE_UNAVAILABLE
from hubbub.realtime.delivery.local_rooms import LocalRoom
from hubbub.realtime.hub import Hub
from hubbub.realtime.protocol.errors import problem_for
from hubbub.realtime.protocol.json_frames import CommandProblem, Ref, problem_frame
from hubbub.realtime.protocol.websocket_frames import FrameBatch, text_frame
from hubbub.realtime.subscriptions.activation import activate
from hubbub.realtime.subscriptions.replay import ReplayPager
from hubbub.realtime.subscriptions.room_access import RoomAccess, room_access


class SubscribeRequest:
    """Runs one `subscribe` command of one connection."""

    def __init__(self, hub: Hub, catch_up: CatchUp, connection: Connection, ref: Ref) -> None:
        self.hub, self.catch_up, self.connection, self.ref = hub, catch_up, connection, ref

    async def run(self, positions: dict[int, int | None]) -> None:
        """Answer with `subscribed` or `problem` for each room, in the order given."""
        for room_id in positions:
            # Subscribing again starts over, but the user stays present.
            self.hub.unsubscribe(self.connection, room_id, linger=True)
        try:
            accesses = await room_access.load((self.connection.user_id, tuple(positions)))
        except DATABASE_UNAVAILABLE as error:
            for room_id in positions:
                self._refuse(room_id, error)
            return
        # Open all rooms before awaiting anything else, so that from now on they notice members who
        # leave.
        rooms = {
            room_id: self._open(room_id, access.seq)
            for room_id, access in accesses.items()
            if access.may_subscribe
        }
        try:
            for room_id, position in positions.items():
                await self._answer(room_id, rooms.get(room_id), position, accesses.get(room_id))
        finally:
            for room in rooms.values():
                room.pending_subscribes -= 1
                room.idle_since = time.monotonic()

    def _open(self, room_id: int, seq: int) -> LocalRoom:
        room = self.hub.open_room(room_id)
        room.pending_subscribes += 1
        if room.seq is None:
            room.start(seq)
        return room

    async def _answer(
        self, room_id: int, room: LocalRoom | None, position: int | None, access: RoomAccess | None
    ) -> None:
        try:
            access = ensure_member(access)
            assert room is not None
            await self._subscribe(room, position, access)
        except (CommandProblem, *DATABASE_UNAVAILABLE) as error:
            self._refuse(room_id, error)

    def _refuse(self, room_id: int, error: Exception) -> None:
        problem = problem_for(error, self.ref)
        problem.room = room_id
        self.connection.write(problem_frame(problem))

    async def _subscribe(self, room: LocalRoom, position: int | None, access: RoomAccess) -> None:
        """Replay page by page, then activate. Check access again before each page is sent."""
        pager = ReplayPager(room, position)
        while True:
            # Wait until the client has read the previous page: two pages may exceed its buffer
            # limit.
            await self.connection.transport.wait_for_buffer_space()
            await self._read_up_to(room, access.seq)
            page = await pager.read_page()
            if room.may_have_lost_access(self.connection.user_id, access.seq):
                access = await self._read_access(room)  # the user may have been added again
            elif page.is_last:
                activate(
                    self.hub,
                    self.connection,
                    room,
                    position=position,
                    last_page=page,
                    ref=self.ref,
                )
                return
            else:
                texts = [text_frame(entry.text) for entry in page.entries]
                self.connection.write_batch(FrameBatch(texts))
                pager.advance(page)

    async def _read_up_to(self, room: LocalRoom, seq: int) -> None:
        try:
            await self.catch_up.read_up_to(room, seq)
        except LogTruncatedError:
            self.hub.sweeps.request_sweep()  # the sweep finds out what happened to the log
            raise TimeoutError from None

    async def _read_access(self, room: LocalRoom) -> RoomAccess:
        accesses = await room_access.load((self.connection.user_id, (room.id,)))
        return ensure_member(accesses.get(room.id))


def ensure_member(access: RoomAccess | None) -> RoomAccess:
    """Return the access of a member to a room that is not archived; raise CommandProblem."""
    if access is None or not (access.is_member or access.is_public):
        raise CommandProblem("not_found", _("No such room."))
    if not access.is_member:
        raise CommandProblem("forbidden", _("Join the room first."))
    if access.is_archived:
        raise CommandProblem("forbidden", _("This room is archived."))
    return access
