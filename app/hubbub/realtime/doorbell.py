"""The replica's ear: its channel, the groups it is in, its heartbeat and what it hears.

What is heard is a hint only. Redis may lose, repeat or reorder it, and be down: then groups are
joined again in the background, and the follower reads the logs more often meanwhile.
"""

import asyncio
import logging
import time
from collections.abc import Iterator
from itertools import count
from typing import Any

from channels.layers import get_channel_layer
from django.conf import settings

from hubbub.chat.events import PLACE_LOG, Entry
from hubbub.chat.publisher import group_of, host_of, publisher
from hubbub.realtime.followed import Followed
from hubbub.realtime.hearing import Hearing
from hubbub.realtime.hub import Hub
from hubbub.realtime.protocol import frame

logger = logging.getLogger(__name__)


class Doorbell:
    def __init__(self, hub: Hub) -> None:
        self.hub = hub
        now = time.monotonic()
        layer = get_channel_layer()
        assert layer is not None  # the settings always name one
        self._layer = layer
        self._channel = f"{settings.REDIS_PREFIX}.hub.{hub.replica}"
        self._hearings = [
            Hearing(settings.DEAF_AFTER_SECONDS, now) for _ in range(len(settings.REDIS_HOSTS) or 1)
        ]
        # One group on each host carries the heartbeats.
        self._beat_groups = list(_group_on_each_host(len(self._hearings)))
        self._own_groups = [replica_group(hub.replica), *self._beat_groups]
        self._joined: set[str] = set()
        self._replicas: dict[str, float] = {}  # other replicas: when last heard (monotonic)

    def is_deaf(self, host: int) -> bool:
        return self._hearings[host].deaf

    # Hearing

    async def listen(self) -> None:
        """Take in what comes. The layer's `receive` must never be cancelled but at the end."""
        while True:
            try:
                message = await self._layer.receive(self._channel)
            except Exception:
                # Redis is away at our start. The layer keeps the channel: groups reach it later.
                await asyncio.sleep(settings.DEAF_SWEEP_SECONDS)
                continue
            try:
                self._hear(message)
            except Exception:
                logger.exception("A message of the layer was not understood; the log is read.")
                self.hub.wake.set()

    def _hear(self, message: dict[str, Any]) -> None:
        match message["type"]:
            case "log":
                self._hear_entries(message)
            case "bumps":
                for room_id, seq, number in message["bumps"]:
                    self.hub.bump(room_id, seq, number)
            case "beat":
                self._hear_beat(message)
            case "presence" | "present" | "ask":
                if message["from"] != self.hub.replica or message["type"] == "ask":
                    self._hear_presence(message)
            case "typing":
                self._hear_typing(message)
            case "read":
                self._hear_read(message)
            case _:  # of a newer version: what it changed is in the log
                self.hub.wake.set()

    def _hear_entries(self, message: dict[str, Any]) -> None:
        log = message["log"]
        followed = self.hub.place if log == PLACE_LOG else self.hub.rooms.get(log)
        if followed is not None:
            self.hub.take(followed, [Entry(*entry) for entry in message["entries"]])

    def _hear_typing(self, message: dict[str, Any]) -> None:
        room = self.hub.rooms.get(message["room"])
        user = message["user"]
        if room is not None:
            text = frame("typing.started", room=room.log, user=user)
            for connection in room.subscribers:
                if connection.user_id != user["id"]:
                    connection.write(text)

    def _hear_read(self, message: dict[str, Any]) -> None:
        for user_id, room_id, number in message["marks"]:
            for connection in self.hub.connections_of(user_id):
                connection.write(frame("room.read", room=room_id, number=number))

    # Presence of others

    def _hear_presence(self, message: dict[str, Any]) -> None:
        room, replica = self.hub.rooms.get(message["room"]), message["from"]
        if message["type"] == "ask" and replica == self.hub.replica:
            self._hear_own_question(message["room"])
            return
        self._replicas.setdefault(replica, time.monotonic())
        if room is None:
            return
        if message["type"] == "ask":
            self._answer(room.log, replica)
        elif message["type"] == "present":
            room.presence.heard_list(replica, message["number"], dict(message["people"]))
        elif not room.presence.heard_change(
            replica, message["number"], dict(message["joined"]), message["left"]
        ):
            self._ask(replica_group(replica), room.log)
        self.hub.presence_dirty.add(room.log)

    def _hear_own_question(self, log: int) -> None:
        followed = self.hub.place if log == PLACE_LOG else self.hub.rooms.get(log)
        if followed is not None and not followed.heard:
            followed.heard = True
            self.hub.wake.set()  # what was rung before the group was joined

    def _answer(self, room_id: int, replica: str) -> None:
        presence = self.hub.rooms[room_id].presence
        message = {
            "type": "present",
            "room": room_id,
            "from": self.hub.replica,
            "number": presence.number,
            "people": list(presence.names.items()),
        }
        publisher.publish(replica_group(replica), message)

    def _ask(self, group: str, room_id: int) -> None:
        """Ask for lists of a room: of all through its group, or of one replica."""
        message = {"type": "ask", "room": room_id, "from": self.hub.replica}
        publisher.publish(group, message)

    # Heartbeats

    async def beat(self) -> None:
        """Send heartbeats and look at everybody's, for ever."""
        while True:
            self._send_beats()
            now = time.monotonic()
            for host, hearing in enumerate(self._hearings):
                if hearing.listen(now):
                    logger.warning("Deaf for Redis host %d: reading the log instead.", host)
            self._forget_silent(now)
            self._close_idle(now)
            await asyncio.sleep(settings.BEAT_SECONDS)

    def _send_beats(self) -> None:
        rooms = [
            (room.log, room.presence.number)
            for room in self.hub.rooms.values()
            if room.presence.local
        ]
        for host, group in enumerate(self._beat_groups):
            message = {"type": "beat", "from": self.hub.replica, "host": host}
            # The place's host tells of the rooms; one telling is enough.
            publisher.publish(group, message | ({"rooms": rooms} if host == 0 else {}))

    def _hear_beat(self, message: dict[str, Any]) -> None:
        now, replica = time.monotonic(), message["from"]
        if replica == self.hub.replica:
            if self._hearings[message["host"]].heard(now):
                self._hear_again(message["host"], now)
        elif "rooms" in message:
            self._replicas[replica] = now
            self._compare_numbers(replica, dict(message["rooms"]))

    def _compare_numbers(self, replica: str, numbers: dict[int, int]) -> None:
        for room in self.hub.rooms.values():
            if room.log not in numbers and replica not in room.presence.views:
                continue
            if not room.presence.agrees(replica, numbers.get(room.log)):
                self._ask(replica_group(replica), room.log)
            elif room.log not in numbers:
                self.hub.presence_dirty.add(room.log)

    def _hear_again(self, host: int, now: float) -> None:
        """Deafness is over: nobody was forgotten, all clocks start anew, all groups are asked."""
        self._replicas = dict.fromkeys(self._replicas, now)
        for followed in self._followed():
            if followed.host == host:
                followed.heard = False
        self.hub.wake.set()
        self.hub.unheard.set()

    def _forget_silent(self, now: float) -> None:
        if any(hearing.deaf for hearing in self._hearings):
            return
        for replica, heard in list(self._replicas.items()):
            if now - heard > settings.REPLICA_GONE_SECONDS:
                del self._replicas[replica]
                for room in self.hub.rooms.values():
                    room.presence.forget(replica)
                    self.hub.presence_dirty.add(room.log)

    # Groups

    async def join(self) -> None:
        """Keep this replica in its groups: at once for a new room, again where it failed."""
        while True:
            self.hub.unheard.clear()
            try:
                await self._join_all()
                await self._leave_closed()
            except Exception:
                logger.debug("Redis takes no subscriptions; trying again.")
            try:
                async with asyncio.timeout(settings.BEAT_SECONDS):
                    await self.hub.unheard.wait()
            except TimeoutError:
                pass

    async def _join_all(self) -> None:
        silent: set[int] = set()  # hosts that did not answer: others must not wait for them
        for group in self._own_groups:
            if group not in self._joined:
                await self._join(group, silent)
        for followed in self._followed():
            group = group_of(followed.log)
            if not followed.heard and await self._join(group, silent):
                self._ask(group, followed.log)

    async def _join(self, group: str, silent: set[int]) -> bool:
        """Join a group, again where it was joined; False when its host does not answer."""
        if host_of(group) in silent:
            return False
        try:
            # The layer's own lock may be held by a publish that Redis does not answer.
            async with asyncio.timeout(2 * settings.PUBLISH_SECONDS):
                await self._layer.group_add(group, self._channel)
        except Exception:
            logger.debug("Redis takes no subscription to %s; trying again.", group)
            silent.add(host_of(group))
            return False
        self._joined.add(group)
        return True

    def _close_idle(self, now: float) -> None:
        for room in list(self.hub.rooms.values()):
            if room.is_idle and now - room.idle_since > settings.ROOM_LINGER_SECONDS:
                self.hub.close_room(room)
                self.hub.unheard.set()  # its group is left

    async def _leave_closed(self) -> None:
        # By the task that joins: a room opened again meanwhile is joined after this.
        wanted = {*self._own_groups, *(group_of(each.log) for each in self._followed())}
        for group in self._joined - wanted:
            async with asyncio.timeout(2 * settings.PUBLISH_SECONDS):
                await self._layer.group_discard(group, self._channel)
            self._joined.discard(group)

    def _followed(self) -> list[Followed]:
        return [self.hub.place, *self.hub.rooms.values()]


def replica_group(replica: str) -> str:
    return f"replica.{replica}"


def _group_on_each_host(hosts: int) -> Iterator[str]:
    """Name a group on each host, by trying: the layer spreads groups by a hash of their names."""
    for host in range(hosts):
        yield next(name for name in (f"beat.{n}" for n in count()) if host_of(name) == host)
