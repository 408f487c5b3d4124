"""The sizes of all loads.

The published figures were measured with the sizes of the full run. The quick run is a trial.
"""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Sizes:
    members: int = 500  # members of the quiet and the hot room
    rate: float = 30.0  # messages a second into the quiet room
    two_replicas_rate: float = 20.0  # messages a second over two replicas
    senders: tuple[int, ...] = (8, 64, 256)  # the numbers of senders that are tried in the hot room
    seconds: float = 8.0  # the length of each load
    drain: float = 5.0  # how many seconds to wait for late messages
    room_sizes: tuple[int, ...] = (10, 100, 1_000)
    short: float = 4.0  # the length of each load in scenarios with many loads
    writers: tuple[int, ...] = (50, 100)
    connections: int = 10_000
    connections_room: int = 100  # members of each room in the scenario with many connections
    idle: float = 30.0
    reconnecting: int = 5_000
    missed: int = 10  # messages in each of the three rooms that a user resumes
    history: int = 100_000  # messages in the large room whose opening is measured


FULL = Sizes()
QUICK = Sizes(
    members=50,
    senders=(8, 32),
    seconds=2.0,
    drain=3.0,
    room_sizes=(10, 50),
    short=1.0,
    writers=(10, 20),
    connections=200,
    connections_room=20,
    idle=3.0,
    reconnecting=100,
    history=5_000,
)
