"""What a deployment is made of, as far as it can be seen from here."""

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
    """One process of a deployment with all below it; no `pid` where it is on another machine."""

    name: str
    pid: int | None = None
    metrics: str = ""  # the address of its metrics, where it has some


@dataclass(frozen=True, slots=True)
class Deployment:
    """`parts` is asked for every sample: in a deploy, and after a crash, they are others."""

    parts: Callable[[], Sequence[Part]]
    redis: str = ""
    postgres: str = ""
    token: str = ""  # METRICS_TOKEN
    unseen: tuple[str, ...] = ()  # what a report has to say that it lacks


def of_stack(folder: Path) -> Deployment:
    """Return the stack that runs in a folder. Raises StackError when none does."""
    settings = environment_of(folder)
    return Deployment(
        partial(_parts_of_stack, folder), settings["REDIS_URL"], settings["DATABASE_URL"]
    )


def of_urls(metrics: Sequence[str], token: str, redis: str = "", postgres: str = "") -> Deployment:
    """Return a deployment elsewhere, by the addresses of its metrics and what else is given."""
    parts = [Part(urlsplit(url).netloc, metrics=url) for url in metrics]
    lacking = {
        "the servers' metrics (no --metrics)": not metrics,
        "Redis (no --redis)": not redis,
        "Postgres (no --postgres)": not postgres,
    }
    unseen = ["memory, files and CPU of processes on other machines, but for what /metrics says"]
    unseen += [what for what, lacks in lacking.items() if lacks]
    return Deployment(lambda: parts, redis, postgres, token, tuple(unseen))


def _parts_of_stack(folder: Path) -> list[Part]:
    return [
        Part(
            row.name,
            row.pid or None,
            f"http://{HOST}:{row.port}/metrics" if row.name.startswith(SHOW_METRICS) else "",
        )
        for row in processes_of(folder).values()
    ]
