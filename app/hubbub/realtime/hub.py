"""The hub: all sockets of one replica, and the fan-out of events to them.

One per process and event loop, begun by the first socket. It hears the doorbell (`doorbell`),
reads what it missed (`follower`), and writes the same text to every local socket of a room. It
remembers nothing that a client needs. Everything here runs on the event loop and never waits.
"""

import asyncio
import logging
import secrets
import time
from collections.abc import Iterable
from dataclasses import dataclass, field

from django.conf import settings

from hubbub.chat.events import Entry, moment_of
from hubbub.chat.publisher import group_of, publisher
from hubbub.observability import metrics
from hubbub.realtime.commands.group_commit import GroupCommit
from hubbub.realtime.connections.connection import Connection, Identity
from hubbub.realtime.delivery import account_events
from hubbub.realtime.delivery.fan_out import write_to_all
from hubbub.realtime.delivery.local_rooms import Followed, OpenRoom, follow_place, open_room
from hubbub.realtime.protocol import close_codes
from hubbub.realtime.protocol.messages import frame
from hubbub.realtime.protocol.websocket_frames import FrameBatch, text_frame
from hubbub.realtime.telemetry.traffic_observer import TrafficObserver

logger = logging.getLogger(__name__)


@dataclass(slots=True)
class Person:
    """Somebody with sockets here, and the rooms that they are in."""

    rooms: set[int]
    connections: dict[Connection, None] = field(default_factory=dict)  # oldest first
    typed: dict[int, float] = field(default_factory=dict)  # room id: when it was last told


class Hub:
    def __init__(self) -> None:
        self.replica = secrets.token_hex(6)  # of this start: a restarted replica is another one
        self.epoch = ""
        self.place: Followed = follow_place()
        self.people: dict[int, Person] = {}
        self.members: dict[int, set[int]] = {}  # room id: people here who are in it
        self.rooms: dict[int, OpenRoom] = {}
        self.bumped: dict[int, int] = {}  # room id: the seq that people with it closed know of
        self.group_commit = GroupCommit()
        self.traffic_observer: TrafficObserver | None = None  # None unless RECORDING_DIR is set
        self.presence_dirty: set[int] = set()  # rooms where somebody came or went, anywhere
        self.wake = asyncio.Event()  # ask for the newest seqs now
        self.misunderstood = asyncio.Event()  # something was heard that is not known here
        self.unheard = asyncio.Event()  # something has to be joined or asked
        self._presence_number = 0

    # Sockets

    def add(self, connection: Connection) -> None:
        """Take in a socket; the person's oldest gives way when there are too many."""
        identity = connection.identity
        person = self.people.setdefault(connection.user_id, Person(set()))
        person.connections[connection] = None
        metrics.connections.inc()
        for room_id, seq in identity.rooms.items():
            self.put_in(connection.user_id, room_id)
            self.bumped.setdefault(room_id, seq)
        # One that is leaving has its successor open already: that is no connection too many.
        still_open = [each for each in person.connections if not (each.closed or each.goodbye_sent)]
        if len(still_open) > settings.MAX_CONNECTIONS_PER_USER:
            still_open[0].close(close_codes.TOO_MANY_CONNECTIONS)

    def drop(self, connection: Connection) -> None:
        """Forget a socket. Its person stays present for a moment: most come back at once."""
        if not connection.closed:
            metrics.connections_closed.labels("client").inc()
        connection.closed = True
        connection.cancel_tasks()
        for room_id in list(connection.rooms):
            self.unsubscribe(connection, room_id, linger=settings.PRESENCE_LINGER_SECONDS)
        person = self.people.get(connection.user_id)
        if person is None or person.connections.pop(connection, 0) == 0:
            return
        metrics.connections.dec()
        if not person.connections:
            for room_id in list(person.rooms):
                self.put_out(connection.user_id, room_id)
            del self.people[connection.user_id]

    def put_in(self, user_id: int, room_id: int) -> None:
        """Note that a person with sockets here is in a room."""
        self.people[user_id].rooms.add(room_id)
        self.members.setdefault(room_id, set()).add(user_id)

    def put_out(self, user_id: int, room_id: int) -> None:
        self.people[user_id].rooms.discard(room_id)
        members = self.members.get(room_id, set())
        members.discard(user_id)
        if not members:
            self.members.pop(room_id, None)
            self.bumped.pop(room_id, None)

    def connections_of(self, user_id: int | None) -> list[Connection]:
        person = self.people.get(user_id or 0)
        return list(person.connections) if person else []

    def all_connections(self) -> list[Connection]:
        return [each for person in self.people.values() for each in person.connections]

    # Rooms

    def room(self, room_id: int) -> OpenRoom:
        """Return the room that somebody opens here, followed from now on."""
        room = self.rooms.get(room_id)
        if room is None:
            self._presence_number += 1
            room = open_room(room_id, self._presence_number, time.monotonic())
            self.rooms[room_id] = room
            metrics.local_rooms.inc()
            self.unheard.set()
        return room

    def followed(self) -> list[Followed]:
        """Return all logs that are followed here."""
        return [self.place, *self.rooms.values()]

    def close_room(self, room: OpenRoom) -> None:
        """Stop following a room that nobody has open."""
        # Presence numbers never go back, so that an old one is never taken for a new one.
        self._presence_number = max(self._presence_number, room.presence.number)
        del self.rooms[room.log]
        metrics.local_rooms.dec()

    def subscribe(self, connection: Connection, room: OpenRoom) -> None:
        """Deliver the room's next entries to the socket; its person is present."""
        room.fan_out.join(connection)
        connection.rooms.add(room.log)
        connection.removal_sent.discard(room.log)
        if room.presence.open(connection.user_id, connection.name):
            self.presence_dirty.add(room.log)

    def unsubscribe(self, connection: Connection, room_id: int, linger: float = 0.0) -> None:
        """End a subscription; after `linger` seconds its person is no longer present by it."""
        room = self.rooms.get(room_id)
        if room_id not in connection.rooms or room is None:
            return
        connection.rooms.discard(room_id)
        room.fan_out.leave(connection)
        room.idle_since = time.monotonic()
        if linger:
            loop = asyncio.get_running_loop()
            loop.call_later(linger, self._leave, room, connection.user_id)
        else:
            self._leave(room, connection.user_id)

    def _leave(self, room: OpenRoom, user_id: int) -> None:
        if room.presence.close(user_id) and self.rooms.get(room.log) is room:
            self.presence_dirty.add(room.log)

    def tell_presence(self, room: OpenRoom) -> None:
        """Tell other replicas who came and went here since they were last told."""
        told = room.presence.tell()
        if told is not None:
            message = {
                "type": "presence",
                "room": room.log,
                "from": self.replica,
                "number": told.number,
                "joined": list(told.joined.items()),
                "left": told.left,
            }
            publisher.publish(group_of(room.log), message)

    # Events

    def take(
        self, followed: Followed, entries: Iterable[Entry], committed_at: float | None = None
    ) -> None:
        """Offer entries of a log to its feed and deliver those whose turn it is.

        `committed_at` (seconds since 1970) is known of those that were heard.
        """
        ready = followed.feed.offer(entries, time.monotonic())
        self.deliver(followed, ready, committed_at)
        if followed.feed.misses(time.monotonic(), 0.0):
            # Held for a moment only: the doorbell may just have changed the order.
            loop = asyncio.get_running_loop()
            loop.call_later(settings.REORDER_SECONDS, self.wake_if_missing, followed)

    def deliver(
        self, followed: Followed, entries: list[Entry], committed_at: float | None = None
    ) -> None:
        """Pass on entries whose turn it is. Read from a log, they were committed when made."""
        if not isinstance(followed, OpenRoom):
            for entry in entries:
                self._apply(entry)
            return
        for entry in entries:
            if followed.subscribers:
                at = moment_of(entry) if committed_at is None else committed_at
                followed.fan_out.add(entry.text, committed_at=at)
            if entry.type in ("member.left", "room.archived"):
                self._end_subscriptions(followed, entry)
        followed.fan_out.flush()

    def _apply(self, entry: Entry) -> None:
        try:
            account_events.apply(self, entry)
        except Exception:  # the entries after it are somebody else's ban, or sign-out
            logger.exception("An entry of the place's log was not understood.")

    def wake_if_missing(self, followed: Followed) -> None:
        if followed.feed.misses(time.monotonic(), settings.REORDER_SECONDS * 0.9):
            self.wake.set()

    def _end_subscriptions(self, room: OpenRoom, entry: Entry) -> None:
        """To the one who left it is the room's last event; an archived room is over for all."""
        if entry.type == "room.archived":
            room.archived = entry.seq
            over, reason = list(room.subscribers), "archived"
        else:
            assert entry.user is not None
            room.left[entry.user] = entry.seq
            over = [each for each in room.subscribers if each.user_id == entry.user]
            reason = account_events.facts_of(entry).get("reason", "left")
        removed = FrameBatch([text_frame(frame("room.removed", room=room.log, reason=reason))])
        for connection in over:
            room.fan_out.settle(connection)  # so that this is the last that it gets of the room
            connection.removal_sent.add(room.log)
            connection.write_batch(removed)
            self.unsubscribe(connection, room.log)

    def bump(self, room_id: int, seq: int, number: int) -> None:
        """Tell the people of a room who have not subscribed it that it has news."""
        if room_id not in self.members or seq <= self.bumped.get(room_id, 0):
            return
        self.bumped[room_id] = seq
        text = frame("room.bumped", room=room_id, seq=seq, number=number)
        people = (self.people[user_id] for user_id in self.members[room_id])
        sockets = (socket for person in people for socket in person.connections)
        write_to_all(sockets, text, lambda socket: room_id not in socket.rooms)

    # The log began anew

    def restart(self) -> None:
        """Forget all positions and have everybody come again: the log is not the one known."""
        for connection in self.all_connections():
            connection.close(close_codes.TRY_AGAIN)
            connection.rooms.clear()
        for room in list(self.rooms.values()):
            self.close_room(room)
        self.bumped.clear()
        self.place = follow_place()
        self.epoch = ""
        self.unheard.set()

    def concerns(self, identity: Identity, since: int) -> bool:
        """Tell whether the place's log changed a person's standing after `since`."""
        entries = self.place.feed.memory.since(since)
        return entries is None or any(entry.user == identity.user.pk for entry in entries)
