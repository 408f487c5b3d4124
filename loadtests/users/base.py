"""What all people of a load share: who they are, how they come in, their rooms, their REST.

A kind of person says in `habit` how many there are and how much they talk, and in Locust's tasks
what else they do. Whoever has a page also has a socket: see `tab`.
"""

import random
import ssl
import time
from functools import cache
from typing import Any, ClassVar

import gevent
from gevent.pool import Group
from locust import FastHttpUser
from locust.exception import StopUser

from loadtests.lib.client import rest
from loadtests.load import run as runs
from loadtests.load.message_stamp import marked
from loadtests.load.run_series import CONNECT
from loadtests.load.user_pool import NobodyLeftError, Ticket
from loadtests.users.authentication import sign_in
from loadtests.users.message_text import sentence
from loadtests.users.user_mix import Habit, sends_per_second

# What is said mostly goes to the closest room: by the order in which the shape names them.
ROOM_WEIGHTS = (70, 25, 5)
SEND_SECONDS = 30.0


class HubbubUser(FastHttpUser):
    abstract = True
    insecure = False
    ssl_context_factory = staticmethod(
        cache(ssl.create_default_context)
    )  # it reads all certificates
    connection_timeout = 10.0
    network_timeout = 30.0

    habit: ClassVar[Habit]
    is_bot: ClassVar[bool] = False

    def __init__(self, *arguments: Any) -> None:
        super().__init__(*arguments)
        self.load = runs.current()
        self.ticket: Ticket | None = None
        self.identity = ""  # a line, as `seed` writes it
        self.rooms: list[int] = []
        self.greenlets = Group()

    def on_start(self) -> None:
        ticket = self._take_ticket()
        self.come_in(ticket)
        own = self.load.curve.rooms_of(ticket.number % self.load.plan.users)
        self.rooms = [self.load.plan.rooms[number] for number in own]
        if ticket.number >= self.load.plan.users or ticket.line.startswith("Account"):
            self.join()  # the others did before the run
        self.open()
        self.greenlets.spawn(self._talk)

    def on_stop(self) -> None:
        self.greenlets.kill()
        self.close()
        if self.ticket is not None:
            self.load.crowd.give_back(self.ticket)

    @property
    def name(self) -> str:
        return f"{type(self).__name__.lower()} {self.ticket.number if self.ticket else '?'}"

    def come_in(self, ticket: Ticket) -> None:
        """Sign in where the ticket is an account; else the session is ready."""
        kind, _, words = ticket.line.partition(": ")
        self.identity = ticket.line
        if kind == "Account":
            username, _, password = words.partition(" ")
            self.identity = sign_in(self.client, username, password)

    def join(self) -> None:
        for room in self.rooms:
            self.ask("POST", f"/rooms/{room}/join", "/api/rooms/[id]/join")

    def open(self) -> None:
        """Open what this person talks and reads with; all rooms are joined."""

    def close(self) -> None:
        """Close it again."""

    def say(self, room: int, text: str) -> None:
        """Send a message and wait until it is saved."""
        raise NotImplementedError

    def ask(self, method: str, path: str, name: str, json: Any = None) -> Any:
        """Ask over REST; return the JSON, or None where it failed: Locust has counted that."""
        answer = self.client.request(
            method, f"/api{path}", name=name, headers=self.headers(), json=json
        )
        return answer.json() if answer.ok and answer.content else None

    def headers(self) -> dict[str, str]:
        own = rest.headers_of(self.identity)
        return own | rest.csrf(self.load.plan.host, own)

    def some_room(self) -> int:
        return random.choices(self.rooms, ROOM_WEIGHTS[: len(self.rooms)])[0]

    def read_page(self, room: int, **where: int) -> list[dict[str, Any]]:
        """Read a page of a room's messages over REST; return them."""
        query = "".join(f"&{name}={seq}" for name, seq in where.items())
        name = "/api/rooms/[id]/messages" + "".join(f"?{word}=" for word in where)
        page = self.ask("GET", f"/rooms/{room}/messages?limit=50{query}", name)
        return page["messages"] if page else []

    def _take_ticket(self) -> Ticket:
        try:
            self.ticket = self.load.crowd.take(self.is_bot)
        except NobodyLeftError as error:
            self.load.failed(CONNECT, "nobody left", error)
            raise StopUser from None
        return self.ticket

    def _talk(self) -> None:
        """Say something at moments of one's own, whatever became of what was said before.

        So a server that slows down is not asked for less than was promised.
        """
        rate = sends_per_second(self.habit, self.load.plan.rate, self.load.plan.users)
        while rate > 0:
            gevent.sleep(random.expovariate(rate * self.load.curve.tempo(self.load.elapsed)))
            text = marked(sentence(), self.load.plan.run, time.time())
            self.greenlets.spawn(self.say, self.some_room(), text)
