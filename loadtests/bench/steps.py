"""What a run of the benchmark does, step by step, and how long each takes, roughly.

A step is one part of one peer; the record of each load is the same whoever it was put on.
"""

from collections.abc import Callable, Collection, Iterator
from dataclasses import dataclass
from functools import partial

from loadtests.bench.scenarios import (
    history,
    many_connections,
    members,
    reconnect_storm,
    room,
    sends,
)
from loadtests.bench.sizes import Sizes
from loadtests.bench.systems import PEERS
from loadtests.bench.window import Record
from loadtests.lib.systems.backends import Servers

Measure = Callable[[Servers, Sizes], list[Record]]

START_SECONDS = 5.0  # a peer, and its sockets
TITLES = {
    "nchan": "nchan",
    "socketio": "Socket.IO",
    "tutorial": "tutorial chat (core layer)",
    "tutorial-no-row": "tutorial chat (core layer, no row)",
    "tutorial-pubsub": "tutorial chat (Pub/Sub layer)",
    "tutorial-pubsub-no-row": "tutorial chat (Pub/Sub layer, no row)",
    "hubbub": "Hubbub",
}
# Each part, and what is measured by it for whom: (peer, replicas).
ROOMS = [*((name, 1) for name in PEERS), ("hubbub", 2), ("socketio", 2), ("tutorial", 2)]
MEMBERS = [("nchan", 1), ("socketio", 1), ("tutorial", 1), ("hubbub", 1), ("hubbub", 2)]
SENDS = ["tutorial", "tutorial-pubsub", "hubbub"]
SPREAD = ["tutorial", "hubbub"]


PARTS = ["room", "spread", "members", "sends", "crowd", "storm", "history"]


@dataclass(frozen=True, slots=True)
class Step:
    part: str
    peer: str
    title: str
    seconds: float  # that it takes, roughly
    measure: Measure
    people: int = 0  # that Hubbub's crowd must have for it


def steps(sizes: Sizes, only: Collection[str], peers: Collection[str]) -> list[Step]:
    """Return the steps of the parts and peers that are wanted; none named means all."""
    groups = (_rooms, _spread, _members, _sends, _crowds)
    wanted = [
        step
        for group in groups
        for step in group(sizes)
        if (not only or step.part in only) and (not peers or step.peer in peers)
    ]
    return [*_seed(wanted), *wanted]


def _seed(wanted: list[Step]) -> Iterator[Step]:
    """Yield what comes before all of Hubbub's steps, and is measured by none of them."""
    people = max((step.people for step in wanted if step.peer == "hubbub"), default=0)
    if people:
        title = f"Hubbub: a crowd of {people:,} people"
        yield Step("seed", "hubbub", title, people / 110, seed, people)


def seed(servers: Servers, sizes: Sizes) -> list[Record]:
    assert servers.identities
    return []


def _rooms(sizes: Sizes) -> Iterator[Step]:
    seconds = START_SECONDS + _load(sizes) + len(sizes.senders) * sizes.short
    for name, replicas in ROOMS:
        title = f"{TITLES[name]}: {sizes.members} in a room, R={replicas}"
        measure = partial(room.measure, name=name, replicas=replicas)
        yield Step("room", name, title, seconds, measure, sizes.members)


def _spread(sizes: Sizes) -> Iterator[Step]:
    seconds = START_SECONDS + _load(sizes)
    for name in SPREAD:
        title = f"{TITLES[name]}: {sizes.members} in a room over two replicas"
        measure = partial(room.measure_spread, name=name)
        yield Step("spread", name, title, seconds, measure, sizes.members)


def _members(sizes: Sizes) -> Iterator[Step]:
    seconds = START_SECONDS + len(sizes.room_sizes) * (2 * sizes.short + 2)
    for name, replicas in MEMBERS:
        title = f"{TITLES[name]}: rooms of other sizes, R={replicas}"
        measure = partial(members.measure, name=name, replicas=replicas)
        yield Step("members", name, title, seconds, measure, max(sizes.room_sizes))


def _sends(sizes: Sizes) -> Iterator[Step]:
    seconds = START_SECONDS + (len(sizes.writers) + 1) * _load(sizes)
    for name in SENDS:
        title = f"{TITLES[name]}: durable sends, R=2"
        measure = partial(sends.measure, name=name)
        yield Step("sends", name, title, seconds, measure, max(sizes.writers))


def _crowds(sizes: Sizes) -> Iterator[Step]:
    title = f"Hubbub: {sizes.crowd:,} sockets on one replica"
    seconds = sizes.crowd / 250 + sizes.idle + 3 * _load(sizes) + 20
    yield Step("crowd", "hubbub", title, seconds, many_connections.measure, sizes.crowd)
    title = f"Hubbub: {sizes.storm:,} people come back at once"
    seconds = sizes.storm / 120 + START_SECONDS
    yield Step("storm", "hubbub", title, seconds, reconnect_storm.measure, sizes.storm)
    title = f"Hubbub: opening a room of {sizes.history:,} messages"
    yield Step("history", "hubbub", title, 35.0, history.measure, 1)


def _load(sizes: Sizes) -> float:
    return sizes.seconds + 3
