"""What a run of the benchmark does, step by step, and how long each takes, roughly.

A step is one part of one peer; the record of each load is the same whoever it was put on.
"""

from collections.abc import Callable, Collection, Iterator
from dataclasses import dataclass
from functools import partial

from loadtests.bench.parts import crowd, history, members, room, sends, storm
from loadtests.bench.peers import PEERS
from loadtests.bench.servers import Servers
from loadtests.bench.sizes import Sizes
from loadtests.bench.window import Record

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


@dataclass(frozen=True, slots=True)
class Step:
    part: str
    peer: str
    title: str
    seconds: float
    measure: Measure


def steps(sizes: Sizes, only: Collection[str], peers: Collection[str]) -> list[Step]:
    """Return the steps of the parts and peers that are wanted; none named means all."""
    return [
        step
        for step in _all(sizes)
        if (not only or step.part in only) and (not peers or step.peer in peers)
    ]


PARTS = ["room", "spread", "members", "sends", "crowd", "storm", "history"]


def _all(sizes: Sizes) -> Iterator[Step]:
    one = sizes.seconds + 3
    for name, replicas in ROOMS:
        title = f"{TITLES[name]}: {sizes.members} in a room, R={replicas}"
        measure = _measure(room.measure, name=name, replicas=replicas)
        yield Step("room", name, title, START_SECONDS + 2 * one, measure)
    for name in SPREAD:
        title = f"{TITLES[name]}: {sizes.members} in a room over two replicas"
        yield Step(
            "spread", name, title, START_SECONDS + one, _measure(room.measure_spread, name=name)
        )
    for name, replicas in MEMBERS:
        title = f"{TITLES[name]}: rooms of other sizes, R={replicas}"
        seconds = START_SECONDS + len(sizes.room_sizes) * (2 * sizes.short + 5)
        yield Step(
            "members", name, title, seconds, _measure(members.measure, name=name, replicas=replicas)
        )
    for name in SENDS:
        title = f"{TITLES[name]}: durable sends, R=2"
        seconds = START_SECONDS + (len(sizes.writers) + 1) * one
        yield Step("sends", name, title, seconds, _measure(sends.measure, name=name))
    title = f"Hubbub: {sizes.crowd} sockets on one replica"
    seconds = sizes.crowd / 250 + sizes.idle + 3 * one + 20
    yield Step("crowd", "hubbub", title, seconds, crowd.measure)
    title = f"Hubbub: {sizes.storm} people come back at once"
    yield Step("storm", "hubbub", title, sizes.storm / 120 + START_SECONDS, storm.measure)
    title = f"Hubbub: opening a room of {sizes.history} messages"
    yield Step("history", "hubbub", title, 35.0, history.measure)


def _measure(function: Callable[..., list[Record]], **chosen: object) -> Measure:
    return partial(function, **chosen)
