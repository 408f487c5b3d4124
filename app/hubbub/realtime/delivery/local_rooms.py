"""The logs that a hub follows: the place's, and those of rooms that somebody has open here."""

import asyncio
from collections.abc import Collection
from dataclasses import dataclass, field

from django.conf import settings

from hubbub.chat.events import WORKSPACE_LOG
from hubbub.chat.publisher import group_of, host_of
from hubbub.realtime.connections.connection import Connection
from hubbub.realtime.delivery.fan_out import FanOut
from hubbub.realtime.delivery.resequencer import Feed, Memory
from hubbub.realtime.presence import Presence

# Entries of the place's log kept in memory: those that a handshake may have missed.
PLACE_MEMORY_ENTRIES = 1_000


@dataclass(eq=False, slots=True)
class Followed:
    """A log and how it reaches this replica."""

    log: int
    feed: Feed
    heard: bool = False  # our own question came back through the group since it was joined
    reading: asyncio.Lock = field(default_factory=asyncio.Lock)  # one reader of the log at a time

    @property
    def host(self) -> int:
        return host_of(group_of(self.log))


@dataclass(eq=False, slots=True)
class OpenRoom(Followed):
    """A room that somebody has open here, or had until a moment ago."""

    presence: Presence = field(default_factory=lambda: Presence(settings.PRESENCE_LIST_MAX))
    fan_out: FanOut = field(default_factory=FanOut)
    subscribing: int = 0  # subscribes under way
    failed_reads: int = 0  # of the log, for resumes: who waits behind one fails with it
    idle_since: float = 0.0
    announced_at: float = 0.0
    # user id: seq of their last `member.left`, so that a subscribe under way is not too late.
    left: dict[int, int] = field(default_factory=dict)
    archived: int = 0  # seq of the last `room.archived`, likewise

    def changed_for(self, user_id: int, since: int) -> bool:
        """Tell whether a person may have lost the room after the seq `since`."""
        return max(self.left.get(user_id, 0), self.archived) > since

    @property
    def subscribers(self) -> Collection[Connection]:
        return self.fan_out.subscribers

    @property
    def is_idle(self) -> bool:
        return not (self.subscribers or self.subscribing or self.presence.local)


def follow_place() -> Followed:
    return Followed(WORKSPACE_LOG, Feed(WORKSPACE_LOG, Memory(PLACE_MEMORY_ENTRIES)))


def open_room(room_id: int, presence_number: int, now: float) -> OpenRoom:
    presence = Presence(settings.PRESENCE_LIST_MAX, number=presence_number)
    memory = Memory(
        settings.REPLAY_BUFFER_EVENTS, settings.REPLAY_MAX_EVENTS, settings.REPLAY_BUFFER_BYTES
    )
    return OpenRoom(room_id, Feed(room_id, memory), presence=presence, idle_since=now)
