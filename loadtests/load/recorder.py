"""What one process measures, second by second. Pure: the clock is handed in.

`second` is the one that runs; whoever measures adds to it. `roll` ends it, and `take` hands over
what has ended, each second once.
"""

from loadtests.load.run_series import DELIVER, Generator, Second


class Recorder:
    def __init__(self, name: str, now: float) -> None:
        self.name = name  # of the process
        self.sockets: dict[str, int] = {}  # by replica, as they stand
        self.second = Second(int(now))
        self.deliveries = 0  # since the beginning
        self._ended: list[Second] = []

    def record(self, kind: str, seconds: float) -> None:
        self.second.latency(kind).add(seconds)

    def deliver(self, seconds: float) -> None:
        self.deliveries += 1
        self.second.latency(DELIVER).add(seconds)

    def fail(self, kind: str) -> None:
        self.second.fail(kind)

    def violation(self, kind: str) -> None:
        self.second.violation(kind)

    def opened(self, replica: str) -> None:
        self.sockets[replica] = self.sockets.get(replica, 0) + 1

    def closed(self, replica: str) -> None:
        self.sockets[replica] -= 1

    def roll(self, now: float, users: int, generator: Generator | None) -> Second:
        """End the second that runs, with the states of its end, and begin the next; return it."""
        ended, self.second = self.second, Second(int(now))
        ended.users = users
        ended.sockets = {replica: count for replica, count in self.sockets.items() if count}
        if generator is not None:
            ended.generators[self.name] = generator
        self._ended.append(ended)
        return ended

    def take(self) -> list[Second]:
        ended, self._ended = self._ended, []
        return ended
