"""A machine that posts and reads over REST with a bearer token, and has no socket.

Without a token in the plan it makes one in the settings, as its owner would, and revokes it at the
end.
"""

import random
from uuid import uuid4

from locust import task

from loadtests.load.user_pool import Ticket
from loadtests.users.authentication import make_token, revoke_token
from loadtests.users.base import HubbubUser
from loadtests.users.user_mix import BOT, pause


class Bot(HubbubUser):
    habit = BOT
    weight = BOT.weight
    wait_time = pause(10)
    is_bot = True

    _owner: dict[str, str] | None = None
    _revoke = ""
    _read_to: dict[int, int]
    _own: list[int]

    def come_in(self, ticket: Ticket) -> None:
        super().come_in(ticket)
        self._read_to, self._own = {}, []
        if not self.identity.startswith("Authorization"):
            self._owner = self.headers()
            self.identity, self._revoke = make_token(self.client, self._owner, self.name)

    def close(self) -> None:
        if self._owner is not None:
            revoke_token(self.client, self._owner, self._revoke)

    def say(self, room: int, text: str) -> None:
        body = {"body": text, "nonce": uuid4().hex}
        sent = self.ask("POST", f"/rooms/{room}/messages", "/api/rooms/[id]/messages", body)
        if sent:
            self._own = [*self._own[-9:], sent["id"]]

    @task(4)
    def poll(self) -> None:
        """Read what is new since the last time."""
        room = random.choice(self.rooms)
        since = self._read_to.get(room)
        messages = self.read_page(room) if since is None else self.read_page(room, after=since)
        if messages:
            self._read_to[room] = max(one["seq"] for one in messages)

    @task(1)
    def edit(self) -> None:
        if self._own:
            message = random.choice(self._own)
            self.ask("PATCH", f"/messages/{message}", "/api/messages/[id]", {"body": "(mended)"})
