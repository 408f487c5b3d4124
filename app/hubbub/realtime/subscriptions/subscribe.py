"""Subscribing rooms: what was missed, in order, then live, each event once.

The order of steps is the guarantee. One statement reads the membership and the room's last seq;
the feed is begun there, or brought up to it; memory answers only if it reaches so far, else the log
does: so every deletion up to now is in what is sent. The last step, from "nothing is missing" to
"live", does not wait, so nothing comes between. What is rung before a new feed's group is joined is
read from the log, as after any deafness. Rooms that one may not read are never followed: otherwise
anybody could have this replica join groups without end.
"""

import time

from django.conf import settings
from django.utils.translation import gettext as _

from hubbub.realtime.connections.connection import Connection
from hubbub.realtime.db.executors import DATABASE_UNAVAILABLE
from hubbub.realtime.delivery.catch_up import Follower, LogCut
from hubbub.realtime.delivery.local_rooms import OpenRoom
from hubbub.realtime.hub import Hub
from hubbub.realtime.protocol.errors import problem_for
from hubbub.realtime.protocol.messages import Problem, Ref, answer, problem_frame
from hubbub.realtime.protocol.websocket_frames import FrameBatch, text_frame
from hubbub.realtime.subscriptions.replay import first_page, read_missed, read_on
from hubbub.realtime.subscriptions.room_access import Standing, standings


class Subscribing:
    """One `subscribe` of one socket."""

    def __init__(self, hub: Hub, follower: Follower, connection: Connection, ref: Ref) -> None:
        self.hub, self.follower, self.connection, self.ref = hub, follower, connection, ref

    async def run(self, positions: dict[int, int | None]) -> None:
        """Answer each room with `subscribed` or `problem`, in the order given."""
        for room_id in positions:
            # Subscribing again starts anew; the person stays present meanwhile.
            self.hub.unsubscribe(self.connection, room_id, linger=settings.PRESENCE_LINGER_SECONDS)
        try:
            found = await standings.load((self.connection.user_id, tuple(positions)))
        except DATABASE_UNAVAILABLE as error:
            for room_id in positions:
                self._refuse(room_id, error)
            return
        # Followed from here on, all of them; what no member asks for never is. Begun before anybody
        # waits: who leaves a room later is known to it then.
        rooms = {id: self._follow(id, each.seq) for id, each in found.items() if _may_open(each)}
        try:
            for room_id, position in positions.items():
                await self._answer(room_id, rooms.get(room_id), position, found.get(room_id))
        finally:
            for room in rooms.values():
                room.subscribing -= 1
                room.idle_since = time.monotonic()

    async def _answer(
        self,
        room_id: int,
        room: OpenRoom | None,
        position: int | None,
        standing: Standing | None,
    ) -> None:
        try:
            standing = ensure_member(standing)
            assert room is not None
            await self._subscribe(room, position, standing)
        except (Problem, *DATABASE_UNAVAILABLE) as error:
            self._refuse(room_id, error)

    def _refuse(self, room_id: int, error: Exception) -> None:
        problem = problem_for(error, self.ref)
        problem.room = room_id
        self.connection.write(problem_frame(problem))

    def _follow(self, room_id: int, seq: int) -> OpenRoom:
        room = self.hub.room(room_id)
        room.subscribing += 1
        if room.feed.seq is None:
            self.hub.deliver(room, room.feed.start(seq, time.monotonic()))
        return room

    async def _subscribe(self, room: OpenRoom, position: int | None, standing: Standing) -> None:
        user_id, find, since = self.connection.user_id, read_missed, position
        while True:
            # What is replayed never waits behind a page that is not read yet, or it would be too
            # much; and it is looked up anew for each page, since it may have changed.
            await self.connection.transport.wait_for_buffer_space()
            await self._catch_up(room, standing.seq)
            missed = [] if position is None else await find(self.hub, room, position)
            if room.changed_for(user_id, standing.seq):
                # Put out (and perhaps in again) while we read.
                found = await standings.load((user_id, (room.log,)))
                standing = ensure_member(found.get(room.log))
                continue
            page = first_page(missed or [])
            frames = [text_frame(entry.text) for entry in page]
            if len(page) == len(missed or []):
                break
            self.connection.write_batch(FrameBatch(frames))
            position, find = page[-1].seq, read_on
        if not self.connection.closed and self.hub.rooms.get(room.log) is room:
            live = self._go_live(room, resumed=missed is not None)
            lacked = None if since is None else (room.feed.seq or 0) - since
            if self.hub.traffic_observer is not None:
                self.hub.traffic_observer.subscribed(
                    self.connection, room.log, lacked, missed is not None
                )
            self.connection.write_batch(FrameBatch([*frames, text_frame(live)]))

    async def _catch_up(self, room: OpenRoom, seq: int) -> None:
        try:
            await self.follower.catch_up(room, seq)
        except LogCut:
            self.hub.wake.set()  # the follower finds out what happened to the log
            raise TimeoutError from None

    def _go_live(self, room: OpenRoom, *, resumed: bool) -> str:
        """Have what comes next delivered; return the answer, which goes out before it."""
        self.hub.subscribe(self.connection, room)
        user = self.connection
        fields = {
            "room": room.log,
            "seq": room.feed.seq,
            "resumed": resumed,
            **room.presence.known_to(user.user_id, user.name),
        }
        return answer("subscribed", self.ref, **fields)


def _may_open(standing: Standing) -> bool:
    return standing.is_member and not standing.is_archived


def ensure_member(standing: Standing | None) -> Standing:
    """Return the standing of a member who may be active in the room; raise Problem."""
    if standing is None or not (standing.is_member or standing.is_public):
        raise Problem("not_found", _("No such room."))
    if not standing.is_member:
        raise Problem("forbidden", _("Join the room first."))
    if standing.is_archived:
        raise Problem("forbidden", _("This room is archived."))
    return standing
