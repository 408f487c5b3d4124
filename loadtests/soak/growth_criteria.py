"""What must stay flat in a soak, how much it may grow, and the verdict on the samples. Pure.

- The start is left out: caches fill, the allocator finds its size, every worker serves every page.
- Memory is measured as resident memory and as a process' own (anonymous) memory: the kernel takes
  back pages of files, which would hide a leak of the same size.
- Users' connections are not counted as open files: one more tab is not a leak.
- Postgres is judged by its connections and its own memory alone. Its buffers fill up to their
  configured size, and each process keeps table files open, up to `max_files_per_process`.
"""

from collections.abc import Iterator
from dataclasses import dataclass, field
from functools import partial
from statistics import median

from loadtests.lib.monitoring.growth import Growth, growth
from loadtests.lib.monitoring.time_series import Points, Samples

FULL_SECONDS = 3600.0
START_SECONDS = 600.0
START_SHARE = 1 / 6  # the share of a shorter soak that is left out as its start
MEMORY_SHARE = 0.02
OWN_MEMORY = "memory of its own"
# How much counts may grow, because a pool can open another connection, and a user can have one more
# room open at that moment.
COUNT_SHARE, COUNT_SLACK = 0.02, 3.0


@dataclass(frozen=True, slots=True)
class Measure:
    """A measured value that may grow by a `share` of its level or by `slack`, whichever is more.

    If `share_of` is given, the share is taken of that series' median: a process's own memory is
    judged by its resident memory.
    """

    part: str
    what: str
    points: Points
    unit: str = ""
    share: float = COUNT_SHARE
    slack: float = COUNT_SLACK
    share_of: Points = field(default_factory=list)

    def limit(self, level: float) -> float:
        whole = median(value for _, value in self.share_of) if self.share_of else level
        return max(self.slack, self.share * whole)


@dataclass(frozen=True, slots=True)
class GrowthVerdict:
    part: str
    what: str
    unit: str
    growth: Growth | None  # None if there are too few samples
    limit: float

    @property
    def within_limit(self) -> bool:
        return self.growth is not None and self.growth.grown <= self.limit


def judge(samples: Samples, seconds: float) -> list[GrowthVerdict]:
    """Return a verdict on each measure of a soak."""
    start = start_seconds(seconds)
    verdicts = []
    for one in measures(samples):
        grown = growth([(at, value) for at, value in one.points if start <= at <= seconds])
        limit = one.limit(grown.level) if grown else 0.0
        verdicts.append(GrowthVerdict(one.part, one.what, one.unit, grown, limit))
    return verdicts


def start_seconds(seconds: float) -> float:
    return min(START_SECONDS, seconds * START_SHARE)


def measures(samples: Samples) -> Iterator[Measure]:
    memory = partial(Measure, unit="bytes", share=MEMORY_SHARE, slack=0.0)
    for part in samples.parts():
        own = samples.values(part, "anonymous_bytes")
        if part == "postgres":
            yield memory(part, OWN_MEMORY, own)
        else:
            resident = samples.values(part, "resident_bytes")
            yield memory(part, "memory", resident)
            yield memory(part, OWN_MEMORY, own, share_of=resident)
            yield Measure(part, "files", _files_without_connections(samples, part))
        yield Measure(part, "threads", samples.values(part, "threads"))
    for part in samples.parts("realtime-"):
        yield Measure(part, "tasks", samples.values(part, "hubbub_loop_tasks"))
    yield Measure("redis", "subscriptions", samples.values("redis", "pubsub_channels"))
    yield Measure("redis", "clients", samples.values("redis", "clients"))
    yield Measure("postgres", "connections", samples.values("postgres", "connections"))


def _files_without_connections(samples: Samples, part: str) -> Points:
    connections = _connections_of(samples, part)
    return [(at, value - connections.get(at, 0.0)) for at, value in samples.values(part, "files")]


def _connections_of(samples: Samples, part: str) -> dict[float, float]:
    """For each time, return how many of a part's open files are users' connections."""
    if part.startswith("realtime-"):
        return dict(samples.values(part, "hubbub_connections"))
    if part != "nginx":
        return {}
    both: dict[float, float] = {}
    for replica in samples.parts("realtime-"):
        for at, count in samples.values(replica, "hubbub_connections"):
            # nginx has one connection to the browser and one to the replica.
            both[at] = both.get(at, 0.0) + 2 * count
    return both
