"""Records what one process measures, second by second. Pure: the caller passes the clock.

`second` is the current second, to which the measurements are added. `end_second` ends it;
`pop_ended` returns each ended second exactly once.
"""

from collections import Counter

from loadtests.lib.measurements.series import DELIVER, GeneratorUsage, Second


class Recorder:
    def __init__(self, process_name: str, now: float) -> None:
        self.process_name = process_name
        self.connections: dict[str, int] = {}  # connections that are open now, by replica
        self.second = Second(int(now))
        self.deliveries = 0  # deliveries since the start
        self._ended: list[Second] = []

    def succeeded(self, kind: str, name: str, seconds: float) -> None:
        """Count a request, command or connection of a kind. `name` says which one it was."""
        self.second.latency(kind).record(seconds)

    def failed(self, kind: str, name: str, error: Exception) -> None:
        self.second.failures[kind] += 1

    def order_error(self, kind: str, text: str) -> None:
        """Count an event that is missing, duplicated or out of order. `text` says where."""
        self.second.order_errors[kind] += 1

    def record_delivery(self, seconds: float) -> None:
        self.deliveries += 1
        self.second.latency(DELIVER).record(seconds)

    def connection_opened(self, replica: str) -> None:
        self.connections[replica] = self.connections.get(replica, 0) + 1

    def connection_closed(self, replica: str) -> None:
        self.connections[replica] -= 1

    def end_second(self, now: float, users: int, usage: GeneratorUsage | None) -> Second:
        """Return the finished second, with the states at its end, and start the next one."""
        ended, self.second = self.second, Second(int(now))
        ended.users = users
        ended.connections = Counter({name: n for name, n in self.connections.items() if n})
        if usage is not None:
            ended.generators[self.process_name] = usage
        self._ended.append(ended)
        return ended

    def pop_ended(self) -> list[Second]:
        ended, self._ended = self._ended, []
        return ended
