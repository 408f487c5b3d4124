"""Samples every part of a deployment, without waiting long for one that is down.

What cannot be sampled is left out, and recorded once with the reason: a flat line for a process
that was never sampled would be misleading.
"""

import time
from collections.abc import Callable, Iterator, Sequence
from typing import TypeAlias, TypeVar

import psutil
import psycopg
import redis

from loadtests.lib.monitoring.process_usage import usage
from loadtests.lib.monitoring.prometheus import fetch
from loadtests.lib.monitoring.redis_postgres import PostgresStats, RedisStats
from loadtests.lib.monitoring.targets import Part, SampledDeployment
from scripts.stack.errors import StackError

Result = TypeVar("Result")
Values: TypeAlias = dict[str, float]  # of one part, by measure
DOWN = (OSError, ValueError, psutil.Error, psycopg.Error, redis.RedisError, StackError)


class Sampler:
    def __init__(self, deployment: SampledDeployment) -> None:
        self._deployment = deployment
        self._redis = RedisStats(deployment.redis) if deployment.redis else None
        self._postgres = PostgresStats(deployment.postgres) if deployment.postgres else None
        self._parts: Sequence[Part] = []
        self.failures: dict[str, str] = {}  # what failed, and why it first did

    def sample(self) -> dict[str, Values]:
        """Return the values of each part now."""
        self._parts = self._try("the parts", self._deployment.parts) or self._parts
        found: dict[str, Values] = {}
        for part in self._parts:
            found[part.name] = self._values(part)
        for name, store in (("redis", self._redis), ("postgres", self._postgres)):
            if store is not None:
                found[name] = found.get(name, {}) | (self._try(name, store.read) or {})
        return {name: values for name, values in found.items() if values}

    def samples(self, every_seconds: float) -> Iterator[tuple[float, dict[str, Values]]]:
        """Yield samples with their times, forever; a slow one delays the next."""
        due = time.monotonic()
        while True:
            at = time.time()
            yield at, self.sample()
            due = max(due + every_seconds, time.monotonic())
            time.sleep(max(0.0, due - time.monotonic()))

    def _values(self, part: Part) -> Values:
        values: Values = {}
        if (pid := part.pid) is not None:
            values |= self._try(f"{part.name}'s process", lambda: usage(pid)) or {}
        if part.metrics:
            token = self._deployment.token
            values |= (
                self._try(f"{part.name}'s metrics", lambda: fetch(part.metrics, token).sums()) or {}
            )
        return values

    def _try(self, what: str, read: Callable[[], Result]) -> Result | None:
        try:
            return read()
        except DOWN as error:
            self.failures.setdefault(what, f"{type(error).__name__}: {error}")
            return None
