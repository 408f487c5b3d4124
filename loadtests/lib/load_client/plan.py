"""The plan of a load: which connections to open, and how the server under test speaks.

All strings that differ between servers are in the `Dialect`; the client itself (c/) knows only
WebSocket, rooms and numbers. `lines_of` writes a plan as c/plan.c reads it.
"""

import secrets
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, fields

from loadtests.lib.client.websocket_bytes import handshake


@dataclass(frozen=True, slots=True)
class Dialect:
    """What is sent to a server, and how its frames start; empty where it has no such frame.

    In `send`, `$N` is the message's number, `$R` its room, and `$I` a word that no other client
    uses.
    """

    send: str
    delivery: str = ""
    ack: str = ""  # the answer to a send, apart from its delivery
    subscribed: str = ""  # empty: connecting opens the room
    problem: str = ""
    ping: str = ""  # in text frames; WebSocket's own pings are always answered
    pong: str = ""
    sequence_key: str = ""  # precedes each room's growing number; empty: check each sender's


@dataclass(frozen=True, slots=True)
class ConnectionPlan:
    """One connection; `rooms` have the names that the server gave them."""

    address: str
    path: str
    rooms: Sequence[str]
    headers: dict[str, str] = field(default_factory=dict)
    subscribe: str = ""  # the text that opens the rooms


@dataclass(frozen=True, slots=True)
class Plan:
    """Each of `senders` is the index of a connection and the room it sends to."""

    dialect: Dialect
    connections: Sequence[ConnectionPlan]
    senders: Sequence[tuple[int, str]] = ()
    missed_rooms: Sequence[str] = ()  # the room of each message that was sent before the load
    missed_per_connection: int = 0  # how many of these make a connection live
    max_connecting: int = 64
    max_opening: int = 64
    retry: bool = False  # connect again after a failed handshake, as Hubbub's own clients do
    spread_seconds: float = 0.0
    handshake_seconds: float = 0.0  # timeout of one attempt; 0: none
    deadline_seconds: float = 120.0  # until all must be live


NUMBERS = (
    "max_connecting",
    "max_opening",
    "spread_seconds",
    "deadline_seconds",
    "handshake_seconds",
    "missed_per_connection",
)


def lines_of(plan: Plan) -> Iterator[str]:
    """Yield the plan without its last line, `go`."""
    yield from _settings(plan)
    rooms = _numbered([room for one in plan.connections for room in one.rooms])
    addresses = _numbered([one.address for one in plan.connections])
    yield from (f"room {_escaped(room)}" for room in rooms)
    yield from ("address " + address.replace(":", " ") for address in addresses)
    for one in plan.connections:
        yield f"connection {addresses[one.address]} {','.join(str(rooms[r]) for r in one.rooms)}"
        request = handshake(one.address, one.path, one.headers)
        yield f"request {_escaped(request.decode())}"
        yield f"subscribe {_escaped(one.subscribe)}"
    yield from (f"sender {connection} {rooms[room]}" for connection, room in plan.senders)
    yield from (f"missed_message {rooms[room]}" for room in plan.missed_rooms)


def _settings(plan: Plan) -> Iterator[str]:
    for one in fields(plan.dialect):
        text = getattr(plan.dialect, one.name).replace("$I", secrets.token_hex(4))
        yield f"{one.name} {_escaped(text)}"
    for name in NUMBERS:
        yield f"{name} {getattr(plan, name)}"
    yield f"retry {int(plan.retry)}"
    yield f"subscriptions {len(plan.connections[0].rooms) if plan.dialect.subscribed else 0}"


def _numbered(names: Sequence[str]) -> dict[str, int]:
    return {name: number for number, name in enumerate(dict.fromkeys(names))}


def _escaped(text: str) -> str:
    return text.replace("\\", "\\\\").replace("\r", "\\r").replace("\n", "\\n")
