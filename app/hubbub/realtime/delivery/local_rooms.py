"""A room that a user has open on this replica, or had open a moment ago.

The hub opens and closes local rooms. Everything here runs on the event loop and never waits.
"""

import time
from collections.abc import Callable, Collection, Iterable
from dataclasses import dataclass, field

from django.conf import settings

from hubbub.chat.log_entries import LogEntry, event_time
from hubbub.realtime.connections.connection import Connection
from hubbub.realtime.delivery.ended_subscriptions import (
    ENDING_TYPES,
    ended_by,
    split_after_endings,
)
from hubbub.realtime.delivery.fan_out import FanOut
from hubbub.realtime.delivery.followed_log import FollowedLog
from hubbub.realtime.delivery.replay_buffer import ReplayBuffer
from hubbub.realtime.delivery.resequencer import Resequencer
from hubbub.realtime.presence.linger import leave_after_linger, leave_now
from hubbub.realtime.presence.presence import Presence
from hubbub.realtime.protocol.json_frames import frame
from hubbub.realtime.protocol.websocket_frames import text_batch


@dataclass(eq=False, slots=True)
class LocalRoom(FollowedLog):
    presence: Presence = field(default_factory=lambda: Presence(settings.PRESENCE_LIST_MAX))
    # The rooms whose presence has changed since it was last published and announced. All local
    # rooms of a hub share this set.
    changed_rooms: set["LocalRoom"] = field(default_factory=set)
    announced_at: float = 0.0  # when presence was last announced (monotonic)
    fan_out: FanOut = field(default_factory=FanOut)
    pending_subscribes: int = 0
    # How many reads of the log have failed. A resume that waits for another's read fails, too, when
    # this number has risen, instead of reading again.
    failed_reads: int = 0
    idle_since: float = 0.0
    # These fields tell a subscribe in progress that the membership that it read is outdated.
    left_seqs: dict[int, int] = field(default_factory=dict)  # user id: seq of the last leave
    archived_seq: int = 0

    @property
    def subscribers(self) -> Collection[Connection]:
        return self.fan_out.subscribers

    @property
    def is_idle(self) -> bool:
        return not (self.subscribers or self.pending_subscribes or self.presence.local)

    def receive(self, entries: Iterable[LogEntry], committed_at: float | None = None) -> None:
        now = time.monotonic()
        for run in split_after_endings(self.resequencer.receive(entries, now)):
            if self.subscribers:
                # An entry that was read from the log has no `committed_at`; use its recording time.
                times = [event_time(e) if committed_at is None else committed_at for e in run]
                self.fan_out.write([entry.text for entry in run], times)
            if run[-1].type in ENDING_TYPES:
                self._end_subscriptions(run[-1])
        self.report_gap(now)

    def subscribe(self, connection: Connection) -> None:
        """Write the room's next entries to the connection; its user is present from now on."""
        self.fan_out.add_subscriber(connection)
        connection.rooms.add(self.id)
        connection.removal_sent.discard(self.id)
        if self.presence.connect(connection.user_id, connection.name):
            self.mark_presence_changed()

    def unsubscribe(self, connection: Connection, *, linger: bool = False) -> None:
        """End a subscription. With `linger`, its user stays present for a moment."""
        if self.id not in connection.rooms:
            return
        connection.rooms.discard(self.id)
        self.fan_out.remove_subscriber(connection)
        self.idle_since = time.monotonic()
        leave = leave_after_linger if linger else leave_now
        leave(self.presence, connection.user_id, self.mark_presence_changed)

    def mark_presence_changed(self) -> None:
        """Make `presence_publisher` publish and announce the room's presence changes soon."""
        self.changed_rooms.add(self)

    def may_have_lost_access(self, user_id: int, since: int) -> bool:
        """Return whether a user may have lost access to the room after the seq `since`."""
        return max(self.left_seqs.get(user_id, 0), self.archived_seq) > since

    def _end_subscriptions(self, entry: LogEntry) -> None:
        """End the subscriptions that the entry ends.

        Their connections get the entry and what is pending before it, then `room.removed`.
        """
        self._record_lost_access(entry)
        ended, reason = ended_by(entry, self.subscribers)
        removed = text_batch(frame("room.removed", room=self.id, reason=reason))
        for connection in ended:
            self.fan_out.write_pending(connection)
            connection.removal_sent.add(self.id)
            connection.write_batch(removed)
            self.unsubscribe(connection)

    def _record_lost_access(self, entry: LogEntry) -> None:
        if entry.type == "room.archived":
            self.archived_seq = entry.seq
        else:
            assert entry.user is not None
            self.left_seqs[entry.user] = entry.seq


def new_local_room(
    room_id: int,
    presence_number: int,
    changed_rooms: set[LocalRoom],
    on_gap: Callable[[FollowedLog], None],
) -> LocalRoom:
    buffer = ReplayBuffer(
        settings.REPLAY_BUFFER_EVENTS, settings.REPLAY_MAX_EVENTS, settings.REPLAY_BUFFER_BYTES
    )
    presence = Presence(settings.PRESENCE_LIST_MAX, number=presence_number)
    room = LocalRoom(
        room_id, Resequencer(buffer), on_gap, presence=presence, changed_rooms=changed_rooms
    )
    room.idle_since = time.monotonic()
    return room
