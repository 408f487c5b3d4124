"""What must stay flat in a soak, how flat, and the verdict on a file of samples. Pure.

The start is left out: caches fill, the allocator finds its size, every worker has met every page.
Memory is what is resident, and what of it is a process' own (anonymous): the kernel takes back
pages of files, which would hide a leak of as much. Files are counted without the sockets of people:
a tab more is no leak. Postgres is judged by its connections and by its own memory alone: its
buffers fill with the tables up to their size, and each process keeps files of tables open, up to
`max_files_per_process`.
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
# Of a count: what a pool opens, or a room more that somebody has open just then.
COUNT_SHARE, COUNT_SLACK = 0.02, 3.0


@dataclass(frozen=True, slots=True)
class Watch:
    """One thing that must not grow; `most` is how much it may, given its level."""

    part: str
    what: str
    points: Points
    unit: str
    most: Callable[[float], float]


@dataclass(frozen=True, slots=True)
class Verdict:
    part: str
    what: str
    unit: str
    growth: Growth | None  # None: too few samples to say
    most: float

    @property
    def kept(self) -> bool:
        return self.growth is not None and self.growth.grown <= self.most


def judge(samples: Samples, seconds: float) -> list[Verdict]:
    """Return a verdict for everything that is watched, in a soak of so many seconds."""
    begin = start_seconds(seconds)
    verdicts = []
    for watch in watched(samples):
        grown = growth([(at, value) for at, value in watch.points if begin <= at <= seconds])
        most = watch.most(grown.level) if grown else 0.0
        verdicts.append(Verdict(watch.part, watch.what, watch.unit, grown, most))
    return verdicts


def start_seconds(seconds: float) -> float:
    return min(START_SECONDS, seconds * START_SHARE)


def watched(samples: Samples) -> Iterator[Watch]:
    for part in samples.parts():
        own = samples.values(part, "anonymous_bytes")
        if part == "postgres":
            yield Watch(part, OWN_MEMORY, own, "bytes", _share(MEMORY_SHARE))
        else:
            resident = samples.values(part, "resident_bytes")
            yield Watch(part, "memory", resident, "bytes", _share(MEMORY_SHARE))
            yield Watch(part, OWN_MEMORY, own, "bytes", _share(MEMORY_SHARE, of=resident))
            sockets = _sockets_of(samples, part)
            yield _count(part, "files", _without(samples, part, "files", sockets))
        yield _count(part, "threads", samples.values(part, "threads"))
    for part in samples.parts("realtime-"):
        yield _count(part, "tasks", samples.values(part, "hubbub_loop_tasks"))
    yield _count("redis", "subscriptions", samples.values("redis", "pubsub_channels"))
    yield _count("redis", "clients", samples.values("redis", "clients"))
    yield _count("postgres", "connections", samples.values("postgres", "connections"))


def _count(part: str, what: str, points: Points) -> Watch:
    return Watch(part, what, points, "", lambda level: max(COUNT_SLACK, COUNT_SHARE * level))


def _share(share: float, of: Points | None = None) -> Callable[[float], float]:
    """Allow a share of the level, or of the median of other points."""
    if not of:
        return lambda level: share * level
    most = share * median(value for _, value in of)
    return lambda level: most


def _sockets_of(samples: Samples, part: str) -> dict[float, float]:
    """Return how many files of a part are sockets of people, at each time."""
    if part.startswith("realtime-"):
        return dict(samples.values(part, "hubbub_connections"))
    if part != "nginx":
        return {}
    both: dict[float, float] = {}
    for replica in samples.parts("realtime-"):
        for at, sockets in samples.values(replica, "hubbub_connections"):
            both[at] = both.get(at, 0.0) + 2 * sockets  # one to the browser, one to the replica
    return both


def _without(samples: Samples, part: str, measure: str, sockets: dict[float, float]) -> Points:
    return [(at, value - sockets.get(at, 0.0)) for at, value in samples.values(part, measure)]
