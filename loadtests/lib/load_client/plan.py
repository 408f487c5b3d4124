"""The plan of a load: which connections to open, and how the server under test speaks.

All strings that differ between servers are in the `Dialect`; the load client itself (c/) knows only
WebSocket, rooms and numbers. `encode` writes a plan in the form that c/plan.c reads.
"""

import secrets
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import astuple, dataclass, field

from loadtests.lib.client.websocket_bytes import handshake


@dataclass(frozen=True, slots=True)
class Dialect:
    """The texts that the load client sends, and those with which the server's frames start.

    A field is empty if the server has no such frame. In `send`, `$N` stands for the message's
    number, `$R` for its room, and `$I` for a word that no other client uses.
    """

    send: str
    delivery: str
    ack: str = ""  # the answer to a send; it is not the delivery of the message
    subscribed: str = ""  # empty if connecting opens the room
    problem: str = ""
    ping: str = ""  # a ping in a text frame; WebSocket's own pings are always answered
    pong: str = ""
    # The text before the sequence number, which must grow in each room. If it is empty, the order
    # of each sender's message numbers is checked instead.
    sequence_key: str = ""


@dataclass(frozen=True, slots=True)
class ConnectionPlan:
    """One connection. `rooms` contains the names that the server gave to the rooms."""

    address: str
    path: str
    rooms: Sequence[str]
    headers: dict[str, str] = field(default_factory=dict)
    subscribe: str = ""  # the text that opens the rooms


@dataclass(frozen=True, slots=True)
class ClientPlan:
    """The connections to open and the senders among them.

    Each of `senders` is the index of a connection and the room that it sends to.
    """

    dialect: Dialect
    connections: Sequence[ConnectionPlan]
    senders: Sequence[tuple[int, str]] = ()
    missed_rooms: Sequence[str] = ()  # the room of each message that was sent before the load
    missed_per_connection: int = 0  # a connection is live once it has received this many of them
    max_connecting: int = 64
    max_opening: int = 64
    retry: bool = False  # whether to reconnect after a failed handshake, as Hubbub's own clients do
    handshake_seconds: float = 0.0  # timeout of one handshake; 0 if there is none
    deadline_seconds: float = 120.0  # all connections must be live by then


def encode(plan: ClientPlan) -> str:
    """Return the plan's values in the order in which the load client reads them."""
    rooms = list(dict.fromkeys(room for one in plan.connections for room in one.rooms))
    numbers = {room: number for number, room in enumerate(rooms)}
    values = [
        *_settings(plan),
        *_list(_text(room) for room in rooms),
        *_list(_connection(one, numbers) for one in plan.connections),
        *_list(f"{connection} {numbers[room]}" for connection, room in plan.senders),
        *_list(str(numbers[room]) for room in plan.missed_rooms),
    ]
    return "\n".join(values)


def _settings(plan: ClientPlan) -> Iterator[str]:
    for text in astuple(plan.dialect):
        yield _text(text.replace("$I", secrets.token_hex(4)))
    yield f"{plan.max_connecting} {plan.max_opening}"
    yield f"{plan.deadline_seconds} {plan.handshake_seconds}"
    yield f"{plan.missed_per_connection} {int(plan.retry)}"
    yield str(len(plan.connections[0].rooms) if plan.dialect.subscribed else 0)


def _connection(planned: ConnectionPlan, numbers: Mapping[str, int]) -> str:
    host, port = planned.address.split(":")
    rooms = " ".join([str(len(planned.rooms)), *(str(numbers[room]) for room in planned.rooms)])
    request = handshake(planned.address, planned.path, planned.headers).decode()
    return f"{_text(host)} {port} {rooms} {_text(request)} {_text(planned.subscribe)}"


def _list(elements: Iterable[str]) -> list[str]:
    found = list(elements)
    return [str(len(found)), *found]


def _text(text: str) -> str:
    return f"{len(text.encode())} {text}"
