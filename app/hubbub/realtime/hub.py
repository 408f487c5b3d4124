"""The hub: the connections, subscriptions and local rooms of one replica.

There is one hub per process and event loop. It passes events from the bus to its local rooms, which
write them to their subscribers. The hub holds no state that has to survive: a client can resume on
any other replica. Everything here runs on the event loop and must not block it.
"""

import asyncio
import secrets
import time
from contextlib import suppress

from django.conf import settings

from hubbub.chat.log_entries import WORKSPACE_LOG, LogEntry
from hubbub.chat.publish_queue import BusMessage
from hubbub.observability import metrics
from hubbub.realtime.connections.connection import Connection
from hubbub.realtime.connections.registry import ConnectionRegistry
from hubbub.realtime.delivery.account_events import AccountEvents
from hubbub.realtime.delivery.followed_log import FollowedLog
from hubbub.realtime.delivery.local_rooms import LocalRoom, new_local_room
from hubbub.realtime.delivery.sweep_requests import SweepRequests
from hubbub.realtime.delivery.workspace_log import new_workspace_log
from hubbub.realtime.protocol import close_codes
from hubbub.realtime.telemetry.traffic_observer import TrafficObserver


class Hub:
    def __init__(self) -> None:
        # The id is new at each start: to its peers, a restarted replica is a new replica.
        self.replica_id = secrets.token_hex(6)
        self.epoch = ""  # identifies the database behind the logs; empty before `start`
        self.connections = ConnectionRegistry()
        self.local_rooms: dict[int, LocalRoom] = {}
        self._rooms_with_changed_presence: set[LocalRoom] = set()
        self.account_events = AccountEvents(self.connections, self.local_rooms)
        self.workspace_log = new_workspace_log(self.account_events, self._recheck_gap_later)
        self.sweeps = SweepRequests()
        self.traffic_observer: TrafficObserver | None = None  # None unless RECORDING_DIR is set
        self._join_requested = asyncio.Event()
        self._presence_number = 0

    # Connections

    def remove(self, connection: Connection) -> None:
        """Remove a connection that is gone. Its user stays present for a moment."""
        if not connection.closed:
            metrics.connections_closed.labels("client").inc()
        connection.closed = True
        connection.cancel_tasks()
        for room_id in list(connection.rooms):
            self.unsubscribe(connection, room_id, linger=True)
        self.connections.remove(connection)

    def unsubscribe(self, connection: Connection, room_id: int, *, linger: bool = False) -> None:
        """End a subscription, if there is one. See `LocalRoom.unsubscribe`."""
        room = self.local_rooms.get(room_id)
        if room is not None:
            room.unsubscribe(connection, linger=linger)

    # Logs

    def find_log(self, log_id: int) -> FollowedLog | None:
        return self.workspace_log if log_id == WORKSPACE_LOG else self.local_rooms.get(log_id)

    def followed_logs(self) -> list[FollowedLog]:
        return [self.workspace_log, *self.local_rooms.values()]

    def open_room(self, room_id: int) -> LocalRoom:
        """Return a local room that is followed from now on. The caller must still start its log."""
        room = self.local_rooms.get(room_id)
        if room is None:
            self._presence_number += 1
            room = new_local_room(
                room_id,
                self._presence_number,
                self._rooms_with_changed_presence,
                self._recheck_gap_later,
            )
            self.local_rooms[room_id] = room
            metrics.local_rooms.inc()
            self.request_join()
        return room

    def close_room(self, room: LocalRoom) -> None:
        # If the room is opened again, its presence numbers must be higher than its old ones:
        # peers ignore changes that are not newer than those they know.
        self._presence_number = max(self._presence_number, room.presence.number)
        del self.local_rooms[room.id]
        metrics.local_rooms.dec()

    def close_idle_rooms(self, now: float) -> None:
        """Close the rooms that no user here has had open for ROOM_LINGER_SECONDS."""
        for room in list(self.local_rooms.values()):
            if room.is_idle and now - room.idle_since > settings.ROOM_LINGER_SECONDS:
                self.close_room(room)
                self.request_join()  # the task that joins groups also leaves those of closed rooms

    def rooms_with_changed_presence(self) -> list[LocalRoom]:
        """Return the local rooms marked with `mark_presence_changed`. They stay marked."""
        changed = self._rooms_with_changed_presence
        # Rooms that have been closed in the meantime are left out.
        rooms = [room for room in changed if self.local_rooms.get(room.id) is room]
        changed.intersection_update(rooms)
        return rooms

    def start(self, epoch: str, workspace_seq: int) -> None:
        """Follow the workspace log after `workspace_seq`, its current end."""
        self.epoch = epoch
        self.workspace_log.start(workspace_seq)

    def reset(self) -> None:
        """Forget all positions and make all clients reconnect, after the database was replaced.

        The caller then calls `start`.
        """
        for connection in self.connections.all():
            connection.close(close_codes.TRY_AGAIN)
            connection.rooms.clear()
        for room in list(self.local_rooms.values()):
            self.close_room(room)
        self.connections.reset_bumps()
        self.workspace_log = new_workspace_log(self.account_events, self._recheck_gap_later)
        self.epoch = ""
        self.request_join()

    def _recheck_gap_later(self, log: FollowedLog) -> None:
        """Wait a moment before reading the log: the missing message may only be late."""
        loop = asyncio.get_running_loop()
        loop.call_later(settings.REORDER_SECONDS, self._recheck_gap, log)

    def _recheck_gap(self, log: FollowedLog) -> None:
        if log.resequencer.has_gap(time.monotonic(), settings.REORDER_SECONDS * 0.9):
            self.sweeps.request_sweep()

    # Group subscriptions

    def request_join(self) -> None:
        """Ask `GroupSubscriptions` to join and leave groups now: the followed logs have changed."""
        self._join_requested.set()

    async def wait_for_join_request(self, seconds: float) -> None:
        """Wait until a join is requested, for at most this many seconds."""
        with suppress(TimeoutError):
            async with asyncio.timeout(seconds):
                await self._join_requested.wait()
        self._join_requested.clear()

    def resubscribe(self, host: int) -> None:
        """Join the groups on a Redis host again, and read what was published in between."""
        for log in self.followed_logs():
            if log.host == host:
                log.subscribed = False
        self.sweeps.request_sweep()
        self.request_join()

    # Messages of the bus

    def receive_events(self, message: BusMessage) -> None:
        log = self.find_log(message["log"])
        if log is not None:
            entries = [LogEntry(*entry) for entry in message["entries"]]
            log.receive(entries, message.get("at"))
