"""A bot that posts and reads over REST with a bearer token, and has no WebSocket.

If the plan has no token for the bot, the bot creates one on the settings page, as its owner would,
and revokes it at the end.
"""

import random
from typing import Any
from uuid import uuid4

import gevent
from gevent.pool import Group

from loadtests.lib.simulation.user_kinds import BOT, Activity
from loadtests.load.user_pool import Identity
from loadtests.users.authentication import create_token, revoke_token
from loadtests.users.base import HubbubUser

REMEMBERED_MESSAGES = 10


class Bot(HubbubUser):
    kind = BOT
    weight = BOT.share
    is_bot = True

    def __init__(self, *arguments: Any) -> None:
        super().__init__(*arguments)
        self._owner_headers: dict[str, str] | None = None
        self._revoke_path = ""
        self._read_to: dict[int, int] = {}  # for each room: the last seq that was read
        self._own: list[int] = []
        self._sends = Group()  # the greenlets that send

    def sign_in(self, identity: Identity) -> None:
        super().sign_in(identity)
        if not self.session.startswith("Authorization"):
            self._owner_headers = self.headers()
            self.session, self._revoke_path = create_token(
                self.client, self._owner_headers, self.name
            )

    def open(self) -> None:
        self._sends.spawn(self._send_at_random_times)

    def close(self) -> None:
        self._sends.kill()
        if self._owner_headers is not None:
            revoke_token(self.client, self._owner_headers, self._revoke_path)

    def perform(self, activity: Activity, room: int) -> None:
        if activity is Activity.POLL:
            self.poll()
        else:
            self.edit()

    def _send_at_random_times(self) -> None:
        while (seconds := self.seconds_to_next_send()) is not None:
            gevent.sleep(seconds)
            self._sends.spawn(self.send, self.random_room())

    def send(self, room: int) -> None:
        body = {"body": self.new_text(), "nonce": uuid4().hex}
        sent = self.call("POST", f"/rooms/{room}/messages", "/api/rooms/[id]/messages", body)
        if sent:
            self._own = [*self._own[-REMEMBERED_MESSAGES + 1 :], sent["id"]]

    def poll(self) -> None:
        """Read everything that is new in a room since the last poll."""
        room = random.choice(self.rooms)
        since = self._read_to.get(room)
        messages = self.read_page(room) if since is None else self.read_page(room, after=since)
        if messages:
            self._read_to[room] = max(one["seq"] for one in messages)

    def edit(self) -> None:
        if self._own:
            message = random.choice(self._own)
            self.call("PATCH", f"/messages/{message}", "/api/messages/[id]", {"body": "(edited)"})
