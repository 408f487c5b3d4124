"""The replica's ear: its channel, its heartbeat and what it hears.

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

from hubbub.chat.events import WORKSPACE_LOG, Entry
from hubbub.chat.publisher import host_of, publisher
from hubbub.observability import metrics
from hubbub.realtime.cluster.group_subscriptions import Groups
from hubbub.realtime.cluster.heartbeat_monitor import Hearing
from hubbub.realtime.cluster.peers import Others, replica_group
from hubbub.realtime.delivery.fan_out import write_to_all
from hubbub.realtime.delivery.local_rooms import Followed
from hubbub.realtime.hub import Hub
from hubbub.realtime.lifecycle.process_name import NAME
from hubbub.realtime.protocol.messages import frame

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
            Hearing(settings.BUS_LOST_AFTER_SECONDS, now)
            for _ in range(len(settings.REDIS_HOSTS) or 1)
        ]
        # One group on each host carries the heartbeats.
        self._beat_groups = list(_group_on_each_host(len(self._hearings)))
        self.others = Others(hub)
        own = [replica_group(hub.replica), *self._beat_groups]
        self.groups = Groups(hub, self.others, self._layer, self._channel, own)

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
                await asyncio.sleep(settings.BUS_LOST_SWEEP_SECONDS)
                continue
            try:
                self._hear(message)
            except Exception:
                logger.exception("A message of the layer was not understood; the log is read.")
                self._read_all_logs()

    def _hear(self, message: dict[str, Any]) -> None:
        match message["type"]:
            case "log":
                self._hear_entries(message)
            case "bumps":
                for room_id, seq, number in message["bumps"]:
                    self.hub.bump(room_id, seq, number)
            case "beat":
                self._hear_beat(message)
            case "presence" | "present" | "ask" if message["from"] != self.hub.replica:
                self.others.hear(message)
            case "ask":
                self._hear_own_question(message["room"])
            case "presence":
                pass  # our own
            case "typing":
                self._hear_typing(message)
            case "read":
                self._hear_read(message)
            case _:  # of a newer version: what it changed is in the log
                self._read_all_logs()

    def _read_all_logs(self) -> None:
        """Nothing else is to be waited for: what rang was this."""
        self.hub.misunderstood.set()
        self.hub.wake.set()

    def _hear_entries(self, message: dict[str, Any]) -> None:
        followed = self._followed(message["log"])
        if followed is not None:
            entries = [Entry(*entry) for entry in message["entries"]]
            self.hub.take(followed, entries, message.get("at"))

    def _hear_typing(self, message: dict[str, Any]) -> None:
        room = self.hub.rooms.get(message["room"])
        user = message["user"]
        if room is not None:
            text = frame("typing.started", room=room.log, user=user)
            write_to_all(
                room.subscribers,
                text,
                lambda socket: room.log in socket.rooms and socket.user_id != user["id"],
            )

    def _hear_read(self, message: dict[str, Any]) -> None:
        for user_id, room_id, number in message["marks"]:
            for connection in self.hub.connections_of(user_id):
                connection.write(frame("room.read", room=room_id, number=number))

    def _hear_own_question(self, log: int) -> None:
        followed = self._followed(log)
        if followed is not None and not followed.heard:
            followed.heard = True
            self.hub.wake.set()  # what was rung before the group was joined

    def _followed(self, log: int) -> Followed | None:
        return self.hub.place if log == WORKSPACE_LOG else self.hub.rooms.get(log)

    # Heartbeats

    async def beat(self) -> None:
        """Send heartbeats and look at everybody's, for ever."""
        while True:
            self._send_beats()
            now = time.monotonic()
            for host, hearing in enumerate(self._hearings):
                if hearing.listen(now):
                    logger.warning("Deaf for Redis host %d: reading the log instead.", host)
            if not any(hearing.deaf for hearing in self._hearings):
                self.others.forget_silent(now)
            self._close_idle(now)
            await asyncio.sleep(settings.BUS_HEARTBEAT_SECONDS)
            self._note_deafness(time.monotonic() - now)

    def _note_deafness(self, seconds: float) -> None:
        for host, hearing in enumerate(self._hearings):
            metrics.bus_lost.labels(host).set(hearing.deaf)
            metrics.bus_lost_seconds.labels(host).inc(seconds if hearing.deaf else 0)

    def _send_beats(self) -> None:
        rooms = [
            (room.log, room.presence.number)
            for room in self.hub.rooms.values()
            if room.presence.local
        ]
        for host, group in enumerate(self._beat_groups):
            message = {
                "type": "beat",
                "from": self.hub.replica,
                "host": host,
                "name": NAME,
                "at": time.time(),
            }
            # The place's host tells of the rooms; one telling is enough.
            publisher.publish(group, message | ({"rooms": rooms} if host == 0 else {}))

    def _hear_beat(self, message: dict[str, Any]) -> None:
        now, replica = time.monotonic(), message["from"]
        if "rooms" in message and "at" in message:  # one of each round is enough
            self.others.heartbeat_delays.record(replica, message["name"], message["at"])
        if replica == self.hub.replica:
            if self._hearings[message["host"]].heard(now):
                self._hear_again(message["host"], now)
        elif "rooms" in message:
            self.others.hear_beat(replica, dict(message["rooms"]), now)

    def _hear_again(self, host: int, now: float) -> None:
        """Deafness is over: nobody was forgotten, all clocks start anew, all groups are asked."""
        self.others.start_clocks(now)
        for followed in self.hub.followed():
            if followed.host == host:
                followed.heard = False
        self.hub.wake.set()
        self.hub.unheard.set()

    def _close_idle(self, now: float) -> None:
        for room in list(self.hub.rooms.values()):
            if room.is_idle and now - room.idle_since > settings.ROOM_LINGER_SECONDS:
                self.hub.close_room(room)
                self.hub.unheard.set()  # its group is left


def _group_on_each_host(hosts: int) -> Iterator[str]:
    """Name a group on each host, by trying: the layer spreads groups by a hash of their names."""
    for host in range(hosts):
        yield next(name for name in (f"beat.{n}" for n in count()) if host_of(name) == host)
