"""What all Locust users have in common: an identity, signing in, rooms, REST and sending.

A subclass names its `kind`, which decides how much it sends and what it does between sends.
"""

import random
import ssl
import time
from functools import cache
from random import Random
from typing import Any, ClassVar

from locust import FastHttpUser, task
from locust.exception import StopUser

from loadtests.lib.client import rest
from loadtests.lib.measurements.series import CONNECT
from loadtests.lib.simulation.message_text import sentence
from loadtests.lib.simulation.user_kinds import Activity, UserKind, sends_per_second
from loadtests.load import run as runs
from loadtests.load.message_stamp import stamp
from loadtests.load.user_pool import Identity, NoIdentityLeftError
from loadtests.users.authentication import sign_in

# The weights of a user's rooms, in the shape's order: most messages go to the first one.
ROOM_WEIGHTS = (70, 25, 5)


class HubbubUser(FastHttpUser):
    abstract = True
    insecure = False
    # One TLS context for all users, because creating a context reads all certificates.
    ssl_context_factory = staticmethod(cache(ssl.create_default_context))
    connection_timeout = 10.0
    network_timeout = 30.0

    kind: ClassVar[UserKind]
    is_bot: ClassVar[bool] = False

    def __init__(self, *arguments: Any) -> None:
        super().__init__(*arguments)
        self.run_state = runs.current()
        self.identity: Identity | None = None
        self.session = ""  # a header line, in the form in which `seed` writes it
        self.rooms: list[int] = []
        self.random = Random()

    def on_start(self) -> None:
        identity, plan = self._acquire_identity(), self.run_state.plan
        self.sign_in(identity)
        own = self.run_state.shape.rooms_of(identity.number % plan.users)
        self.rooms = [plan.rooms[number] for number in own]
        if identity.number >= plan.users or identity.signs_in:
            self.join()  # all other users joined before the run
        self.open()

    def on_stop(self) -> None:
        self.close()
        if self.identity is not None:
            self.run_state.user_pool.release(self.identity)

    def wait_time(self) -> float:
        return self.kind.next_pause(self.random)

    @task
    def act(self) -> None:
        self.perform(self.kind.next_activity(self.random), self.random_room())

    @property
    def name(self) -> str:
        number = "?" if self.identity is None else self.identity.number
        return f"{type(self).__name__.lower()} {number}"

    def sign_in(self, identity: Identity) -> None:
        """Sign in if the identity is an account. Otherwise its session is already valid."""
        self.session = identity.line
        if identity.signs_in:
            username, _, password = identity.line.removeprefix("Account: ").partition(" ")
            self.session = sign_in(self.client, username, password)

    def join(self) -> None:
        for room in self.rooms:
            self.call("POST", f"/rooms/{room}/join", "/api/rooms/[id]/join")

    def open(self) -> None:
        """Open the connections with which this user sends and reads, and start to send.

        The user has joined all rooms before.
        """

    def close(self) -> None:
        """Close the connections that `open` opened."""

    def perform(self, activity: Activity, room: int) -> None:
        """Perform an activity that this kind of user does between sends."""
        raise NotImplementedError

    def seconds_to_next_send(self) -> float | None:
        """Draw the time to the next message; None if this kind of user sends none.

        The message is sent whether or not the previous one was answered. So a server that slows
        down does not get a smaller load than requested.
        """
        run = self.run_state
        rate = sends_per_second(self.kind, run.plan.rate, run.plan.users)
        return random.expovariate(rate * run.shape.activity_at(run.elapsed)) if rate else None

    def new_text(self) -> str:
        """Return the text of a new message, stamped with the current time."""
        return stamp(sentence(self.random), self.run_state.plan.run_id, time.time())

    def call(self, method: str, path: str, name: str, json: Any = None) -> Any:
        """Call the API and return the JSON.

        If the call failed, return None. Locust has then counted the failure.
        """
        answer = self.client.request(
            method, f"/api{path}", name=name, headers=self.headers(), json=json
        )
        return answer.json() if answer.ok and answer.content else None

    def headers(self) -> dict[str, str]:
        own = rest.headers_of(self.session)
        return own | rest.csrf(self.run_state.plan.host, own)

    def random_room(self) -> int:
        return random.choices(self.rooms, ROOM_WEIGHTS[: len(self.rooms)])[0]

    def read_page(self, room: int, **where: int) -> list[dict[str, Any]]:
        """Read one page of a room's messages over REST."""
        query = "".join(f"&{name}={seq}" for name, seq in where.items())
        name = "/api/rooms/[id]/messages" + "".join(f"?{word}=" for word in where)
        page = self.call("GET", f"/rooms/{room}/messages?limit=50{query}", name)
        return page["messages"] if page else []

    def _acquire_identity(self) -> Identity:
        try:
            self.identity = self.run_state.user_pool.acquire(self.is_bot)
        except NoIdentityLeftError as error:
            self.run_state.failed(CONNECT, "no identity left", error)
            raise StopUser from None
        return self.identity
