"""Listens on this replica's channel of the bus and passes each message to the handler of its type.

Messages are hints. Redis may lose, repeat or reorder them, or be down. `CatchUp` then reads the
missing events from the logs.
"""

import asyncio
import logging
from collections.abc import Callable
from functools import partial

from channels.layers import get_channel_layer
from django.conf import settings

from hubbub.chat.publish_queue import BusMessage
from hubbub.realtime.cluster.group_subscriptions import GroupSubscriptions
from hubbub.realtime.cluster.heartbeats import Heartbeats
from hubbub.realtime.cluster.peer_presence import Peers
from hubbub.realtime.delivery.read_marks import receive_read_marks
from hubbub.realtime.delivery.typing_indicators import receive_typing
from hubbub.realtime.delivery.unread_rooms import receive_bumps
from hubbub.realtime.hub import Hub

logger = logging.getLogger(__name__)


class Bus:
    def __init__(
        self,
        hub: Hub,
        peers: Peers,
        heartbeats: Heartbeats,
        group_subscriptions: GroupSubscriptions,
    ) -> None:
        layer = get_channel_layer()
        assert layer is not None  # the settings always define one
        self._layer, self._channel = layer, group_subscriptions.channel
        self._sweeps = hub.sweeps
        self._handlers: dict[str, Callable[[BusMessage], None]] = {
            "log": hub.receive_events,
            "bumps": partial(receive_bumps, hub.connections),
            "typing": partial(receive_typing, hub.local_rooms),
            "read": partial(receive_read_marks, hub.connections),
            "beat": heartbeats.receive,
            "presence": peers.receive_presence_change,
            "present": peers.receive_presence_list,
            "ask": group_subscriptions.receive_ask,
        }

    async def listen(self) -> None:
        """Receive messages until cancelled.

        Cancel only to stop the replica: the layer's `receive` loses messages when it is cancelled.
        """
        while True:
            try:
                message = await self._layer.receive(self._channel)
            except Exception:
                # Redis was down when we started. The layer remembers the channel, so messages to
                # groups that are joined later still reach it.
                await asyncio.sleep(settings.BUS_LOST_SWEEP_SECONDS)
                continue
            try:
                handler = self._handlers.get(message["type"])
                if handler is not None:
                    handler(message)
                else:  # a newer version sent this type; the log also has the changes
                    self._sweeps.request_read_all()
            except Exception:
                logger.exception("Could not handle a bus message; reading the logs instead.")
                self._sweeps.request_read_all()
