"""The steps of a run and their estimated durations. A step is one scenario with one system."""

from collections.abc import Callable, Collection, Iterator
from dataclasses import dataclass
from functools import partial

from loadtests.bench.records import Record
from loadtests.bench.scenarios import (
    durable_sends,
    many_connections,
    one_room,
    opening_rooms,
    reconnect_storm,
    room_sizes,
)
from loadtests.bench.sizes import Sizes
from loadtests.bench.systems import SYSTEMS
from loadtests.lib.systems.backends import Backends

Measure = Callable[[Backends, Sizes], list[Record]]

START_SECONDS = 5.0  # time to start a system and to open its connections
TITLES = {
    "nchan": "nchan",
    "socketio": "Socket.IO",
    "tutorial": "tutorial chat (core layer)",
    "tutorial-no-row": "tutorial chat (core layer, no row)",
    "tutorial-pubsub": "tutorial chat (Pub/Sub layer)",
    "tutorial-pubsub-no-row": "tutorial chat (Pub/Sub layer, no row)",
    "hubbub": "Hubbub",
}
# What the scenarios measure: systems, or pairs of a system and its number of replicas.
ROOMS = [*((name, 1) for name in SYSTEMS), ("hubbub", 2), ("socketio", 2), ("tutorial", 2)]
ROOM_SIZES = [("nchan", 1), ("socketio", 1), ("tutorial", 1), ("hubbub", 1), ("hubbub", 2)]
SENDS = ["tutorial", "tutorial-pubsub", "hubbub"]
TWO_REPLICAS = ["tutorial", "hubbub"]

SCENARIOS = [
    *("room", "two-replicas", "room-sizes", "sends", "connections", "reconnect"),
    "opening-rooms",
]


@dataclass(frozen=True, slots=True)
class BenchStep:
    scenario: str
    system: str
    title: str
    seconds: float  # the estimated duration
    measure: Measure
    users: int = 0  # how many users of Hubbub the step needs


def steps(sizes: Sizes, only: Collection[str], systems: Collection[str]) -> list[BenchStep]:
    """Return the steps of these scenarios and systems. An empty collection means all of them."""
    groups = (_rooms, _two_replicas, _room_sizes, _sends, _large)
    wanted = [
        step
        for group in groups
        for step in group(sizes)
        if (not only or step.scenario in only) and (not systems or step.system in systems)
    ]
    return [*_make_users(wanted), *wanted]


def _make_users(wanted: list[BenchStep]) -> Iterator[BenchStep]:
    """Yield a step that creates the users before Hubbub's other steps start.

    So the creation of users is not measured as part of another step.
    """
    users = max((step.users for step in wanted if step.system == "hubbub"), default=0)
    if users:
        title = f"Hubbub: making {users:,} users"
        yield BenchStep("users", "hubbub", title, users / 110, make_users, users)


def make_users(backends: Backends, sizes: Sizes) -> list[Record]:
    assert backends.sessions
    return []


def _rooms(sizes: Sizes) -> Iterator[BenchStep]:
    seconds = START_SECONDS + _load_seconds(sizes) + len(sizes.senders) * sizes.short
    for name, replicas in ROOMS:
        title = f"{TITLES[name]}: {sizes.members} in a room, R={replicas}"
        measure = partial(one_room.measure, name=name, replicas=replicas)
        yield BenchStep("room", name, title, seconds, measure, sizes.members)


def _two_replicas(sizes: Sizes) -> Iterator[BenchStep]:
    seconds = START_SECONDS + _load_seconds(sizes)
    for name in TWO_REPLICAS:
        title = f"{TITLES[name]}: {sizes.members} in a room over two replicas"
        measure = partial(one_room.measure_two_replicas, name=name)
        yield BenchStep("two-replicas", name, title, seconds, measure, sizes.members)


def _room_sizes(sizes: Sizes) -> Iterator[BenchStep]:
    seconds = START_SECONDS + len(sizes.room_sizes) * (2 * sizes.short + 2)
    for name, replicas in ROOM_SIZES:
        title = f"{TITLES[name]}: rooms of other sizes, R={replicas}"
        measure = partial(room_sizes.measure, name=name, replicas=replicas)
        yield BenchStep("room-sizes", name, title, seconds, measure, max(sizes.room_sizes))


def _sends(sizes: Sizes) -> Iterator[BenchStep]:
    seconds = START_SECONDS + (len(sizes.writers) + 1) * _load_seconds(sizes)
    for name in SENDS:
        title = f"{TITLES[name]}: durable sends, R=2"
        measure = partial(durable_sends.measure, name=name)
        yield BenchStep("sends", name, title, seconds, measure, max(sizes.writers))


def _large(sizes: Sizes) -> Iterator[BenchStep]:
    """Yield the scenarios that only Hubbub runs."""
    title = f"Hubbub: {sizes.connections:,} connections to one replica"
    seconds = sizes.connections / 250 + sizes.idle + 3 * _load_seconds(sizes) + 20
    measure = many_connections.measure
    yield BenchStep("connections", "hubbub", title, seconds, measure, sizes.connections)
    title = f"Hubbub: {sizes.reconnecting:,} users reconnect at once"
    seconds = sizes.reconnecting / 120 + START_SECONDS
    yield BenchStep(
        "reconnect", "hubbub", title, seconds, reconnect_storm.measure, sizes.reconnecting
    )
    title = f"Hubbub: opening a room of {sizes.history:,} messages"
    yield BenchStep("opening-rooms", "hubbub", title, 35.0, opening_rooms.measure, 1)


def _load_seconds(sizes: Sizes) -> float:
    return sizes.seconds + 3
