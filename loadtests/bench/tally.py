"""What was sent, answered and delivered: lost, doubled, and how long it took. Pure.

The load process tells it what happens, with times of one clock in seconds.
"""

from collections import Counter
from collections.abc import Sequence

from loadtests.bench.plan import Result


class Tally:
    def __init__(self, rooms: Sequence[str]) -> None:
        """`rooms` has the room of each socket."""
        self.rooms = rooms
        self.problems = 0
        self.last_at = 0.0
        self._members = Counter(rooms)
        self._seen = [bytearray() for _ in rooms]  # per socket: how often each message came
        self._sent: list[tuple[int, float]] = []  # by number: its sender's socket, and when
        self._deliveries = self._expected = self._answers = 0
        self._deliver_seconds: list[float] = []
        self._answer_seconds: list[tuple[float, float]] = []  # when, how long
        self._began = 0.0

    @property
    def complete(self) -> bool:
        return self._deliveries >= self._expected and self._answers >= len(self._sent)

    def sent(self, socket: int, now: float) -> int:
        """Note a message; return its number."""
        if not self._sent:
            self._began = now
        self._sent.append((socket, now))
        self._expected += self._members[self.rooms[socket]]
        self.last_at = now
        return len(self._sent) - 1

    def delivered(self, socket: int, number: int, now: float) -> bool:
        """Note a delivery; tell whether it came to its own sender."""
        seen = self._seen[socket]
        if number >= len(seen):
            seen.extend(bytes(number + 1_000 - len(seen)))
        seen[number] = min(255, seen[number] + 1)
        sender, sent_at = self._sent[number]
        self._deliveries += 1
        self._deliver_seconds.append(now - sent_at)
        self.last_at = now
        return sender == socket

    def answered(self, number: int, now: float) -> None:
        self._answers += 1
        self._answer_seconds.append((now, now - self._sent[number][1]))
        self.last_at = now

    def result(self, kind: str, seconds: float) -> Result:
        """Return the sums; percentiles are of deliveries, or of answers for "sends"."""
        lost, doubled = self._faults()
        in_time = [took for at, took in self._answer_seconds if at <= self._began + seconds]
        times = sorted(self._deliver_seconds if kind == "fanout" else in_time)
        return {
            "sent": len(self._sent),
            "answered": len(in_time),
            "problems": self.problems,
            "deliveries": self._deliveries,
            "lost": lost,
            "doubled": doubled,
            "p50_ms": _percentile_ms(times, 0.50),
            "p99_ms": _percentile_ms(times, 0.99),
        }

    def _faults(self) -> tuple[int, int]:
        lost = doubled = 0
        numbers: dict[str, list[int]] = {room: [] for room in self.rooms}
        for number, (sender, _) in enumerate(self._sent):
            numbers[self.rooms[sender]].append(number)
        for socket, seen in enumerate(self._seen):
            for number in numbers[self.rooms[socket]]:
                times = seen[number] if number < len(seen) else 0
                lost += times == 0
                doubled += times > 1
        return lost, doubled


def _percentile_ms(ordered: Sequence[float], share: float) -> float:
    if not ordered:
        return 0.0
    return round(1_000 * ordered[min(len(ordered) - 1, int(share * len(ordered)))], 1)
