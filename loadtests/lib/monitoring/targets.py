"""The parts of a deployment that can be sampled from this machine."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from urllib.parse import urlsplit

from loadtests.lib.servers.process import HOST
from loadtests.lib.servers.stack import environment_of, processes_of

SHOW_METRICS = ("web-", "realtime-")


@dataclass(frozen=True, slots=True)
class Part:
    """A process of a deployment, with its descendants. On another machine, `pid` is None."""

    name: str
    pid: int | None = None
    metrics: str = ""  # the address of the process's metrics, if it has any


@dataclass(frozen=True, slots=True)
class SampledDeployment:
    """A deployment to sample.

    `parts` is called for every sample, because a deploy or a crash replaces processes.
    """

    parts: Callable[[], Sequence[Part]]
    redis: str = ""
    postgres: str = ""
    token: str = ""  # the value of `METRICS_TOKEN`
    unseen: tuple[str, ...] = ()  # what cannot be sampled, so that a report names it


def of_stack(folder: Path) -> SampledDeployment:
    """Return the stack that runs in a folder. Raises StackError if there is none."""
    settings = environment_of(folder)
    return SampledDeployment(
        partial(_parts_of_stack, folder), settings["REDIS_URL"], settings["DATABASE_URL"]
    )


def of_urls(
    metrics: Sequence[str], token: str, redis: str = "", postgres: str = ""
) -> SampledDeployment:
    """Return a deployment elsewhere, given the addresses of its metrics, Redis and Postgres."""
    parts = [Part(urlsplit(url).netloc, metrics=url) for url in metrics]
    missing = {
        "the servers' metrics (no --metrics)": not metrics,
        "Redis (no --redis)": not redis,
        "Postgres (no --postgres)": not postgres,
    }
    unseen = ["memory, files and CPU of processes on other machines, except what /metrics has"]
    unseen += [name for name, is_missing in missing.items() if is_missing]
    return SampledDeployment(lambda: parts, redis, postgres, token, tuple(unseen))


def _parts_of_stack(folder: Path) -> list[Part]:
    return [
        Part(
            row.name,
            row.pid or None,
            f"http://{HOST}:{row.port}/metrics" if row.name.startswith(SHOW_METRICS) else "",
        )
        for row in processes_of(folder).values()
    ]
