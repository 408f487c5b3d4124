"""One sample after another: every part of a deployment asked, nothing that is away waited for long.

What cannot be seen is left out of a sample and remembered once, with the reason: a report that
showed a quiet line for a process that it never saw would lie.
"""

import time
from collections.abc import Callable, Iterator, Sequence
from typing import TypeAlias, TypeVar

import psutil
import psycopg
import redis

from loadtests.lib.monitoring.process_usage import usage
from loadtests.lib.monitoring.prometheus import fetch
from loadtests.lib.monitoring.redis_postgres import PostgresFacts, RedisFacts
from loadtests.lib.monitoring.targets import Deployment, Part
from scripts.stack.errors import StackError

Seen = TypeVar("Seen")
Facts: TypeAlias = dict[str, float]  # measure: value, of one part
AWAY = (OSError, ValueError, psutil.Error, psycopg.Error, redis.RedisError, StackError)


class Sampler:
    def __init__(self, deployment: Deployment) -> None:
        self._deployment = deployment
        self._redis = RedisFacts(deployment.redis) if deployment.redis else None
        self._postgres = PostgresFacts(deployment.postgres) if deployment.postgres else None
        self._parts: Sequence[Part] = []
        self.failures: dict[str, str] = {}  # what failed: why, the first time

    def sample(self) -> dict[str, Facts]:
        """Return what each part shows now."""
        self._parts = self._ask("the parts", self._deployment.parts) or self._parts
        found: dict[str, Facts] = {}
        for part in self._parts:
            found[part.name] = self._of(part)
        for name, store in (("redis", self._redis), ("postgres", self._postgres)):
            if store is not None:
                found[name] = found.get(name, {}) | (self._ask(name, store.look) or {})
        return {name: facts for name, facts in found.items() if facts}

    def samples(self, every_seconds: float) -> Iterator[tuple[float, dict[str, Facts]]]:
        """Yield samples and their times for ever; one that takes too long delays the next."""
        due = time.monotonic()
        while True:
            at = time.time()
            yield at, self.sample()
            due = max(due + every_seconds, time.monotonic())
            time.sleep(max(0.0, due - time.monotonic()))

    def _of(self, part: Part) -> Facts:
        facts: Facts = {}
        if (pid := part.pid) is not None:
            facts |= self._ask(f"{part.name}'s process", lambda: usage(pid)) or {}
        if part.metrics:
            token = self._deployment.token
            facts |= (
                self._ask(f"{part.name}'s metrics", lambda: fetch(part.metrics, token).sums()) or {}
            )
        return facts

    def _ask(self, what: str, look: Callable[[], Seen]) -> Seen | None:
        try:
            return look()
        except AWAY as error:
            self.failures.setdefault(what, f"{type(error).__name__}: {error}")
            return None
