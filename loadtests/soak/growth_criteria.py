"""What must stay flat in a soak, how flat, and the verdict on a file of samples. Pure.

- The start is left out: caches fill, the allocator finds its size, every worker serves every page.
- Memory is measured as resident memory and as a process' own (anonymous) memory: the kernel takes
  back pages of files, which would hide a leak of the same size.
- Users' connections are not counted as open files: one more tab is not a leak.
- Postgres is judged by its connections and its own memory alone. Its buffers fill up to their
  configured size, and each process keeps table files open, up to `max_files_per_process`.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from statistics import median

from loadtests.lib.monitoring.growth import Growth, growth
from loadtests.lib.monitoring.time_series import Points, Samples

FULL_SECONDS = 3600.0
START_SECONDS = 600.0
START_SHARE = 1 / 6  # of a shorter soak
MEMORY_SHARE = 0.02
OWN_MEMORY = "memory of its own"
# For counts: what a pool opens, or one more room that a user has open at that moment.
COUNT_SHARE, COUNT_SLACK = 0.02, 3.0


@dataclass(frozen=True, slots=True)
class Measure:
    """Something that must not grow; `limit` returns how much growth is tolerated at its level."""

    part: str
    what: str
    points: Points
    unit: str
    limit: Callable[[float], float]


@dataclass(frozen=True, slots=True)
class Verdict:
    part: str
    what: str
    unit: str
    growth: Growth | None  # None: too few samples
    limit: float

    @property
    def within_limit(self) -> bool:
        return self.growth is not None and self.growth.grown <= self.limit


def judge(samples: Samples, seconds: float) -> list[Verdict]:
    """Return a verdict on each measure of a soak."""
    start = start_seconds(seconds)
    verdicts = []
    for one in measures(samples):
        grown = growth([(at, value) for at, value in one.points if start <= at <= seconds])
        limit = one.limit(grown.level) if grown else 0.0
        verdicts.append(Verdict(one.part, one.what, one.unit, grown, limit))
    return verdicts


def start_seconds(seconds: float) -> float:
    return min(START_SECONDS, seconds * START_SHARE)


def measures(samples: Samples) -> Iterator[Measure]:
    for part in samples.parts():
        own = samples.values(part, "anonymous_bytes")
        if part == "postgres":
            yield Measure(part, OWN_MEMORY, own, "bytes", _share(MEMORY_SHARE))
        else:
            resident = samples.values(part, "resident_bytes")
            yield Measure(part, "memory", resident, "bytes", _share(MEMORY_SHARE))
            yield Measure(part, OWN_MEMORY, own, "bytes", _share(MEMORY_SHARE, of=resident))
            yield _count(part, "files", _files_without_connections(samples, part))
        yield _count(part, "threads", samples.values(part, "threads"))
    for part in samples.parts("realtime-"):
        yield _count(part, "tasks", samples.values(part, "hubbub_loop_tasks"))
    yield _count("redis", "subscriptions", samples.values("redis", "pubsub_channels"))
    yield _count("redis", "clients", samples.values("redis", "clients"))
    yield _count("postgres", "connections", samples.values("postgres", "connections"))


def _count(part: str, what: str, points: Points) -> Measure:
    return Measure(part, what, points, "", lambda level: max(COUNT_SLACK, COUNT_SHARE * level))


def _share(share: float, of: Points | None = None) -> Callable[[float], float]:
    """Allow a share of the level, or of the median of other points."""
    if not of:
        return lambda level: share * level
    limit = share * median(value for _, value in of)
    return lambda level: limit


def _files_without_connections(samples: Samples, part: str) -> Points:
    connections = _connections_of(samples, part)
    return [(at, value - connections.get(at, 0.0)) for at, value in samples.values(part, "files")]


def _connections_of(samples: Samples, part: str) -> dict[float, float]:
    """Return how many files of a part are users' connections, at each time."""
    if part.startswith("realtime-"):
        return dict(samples.values(part, "hubbub_connections"))
    if part != "nginx":
        return {}
    both: dict[float, float] = {}
    for replica in samples.parts("realtime-"):
        for at, count in samples.values(replica, "hubbub_connections"):
            both[at] = both.get(at, 0.0) + 2 * count  # one to the browser, one to the replica
    return both
