"""Samples every part of a deployment, without waiting long for a part that is down.

A part that cannot be sampled is left out, and is recorded once with the reason: a flat line for a
process that was never sampled would be misleading.
"""

import time
from collections.abc import Callable, Iterator, Sequence
from functools import partial
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
Values: TypeAlias = dict[str, float]  # the values of one part, by the names of the measures
DOWN = (OSError, ValueError, psutil.Error, psycopg.Error, redis.RedisError, StackError)


class Sampler:
    def __init__(self, deployment: SampledDeployment) -> None:
        self._deployment = deployment
        self._stores: dict[str, RedisStats | PostgresStats] = {}
        if deployment.redis:
            self._stores["redis"] = RedisStats(deployment.redis)
        if deployment.postgres:
            self._stores["postgres"] = PostgresStats(deployment.postgres)
        self._parts: Sequence[Part] = []
        # For each thing that failed: why it failed the first time.
        self.failures: dict[str, str] = {}

    def sample(self) -> dict[str, Values]:
        """Return the current values of each part."""
        self._parts = self._try("the parts", self._deployment.parts) or self._parts
        found = {part.name: self._values(part) for part in self._parts}
        for name, store in self._stores.items():
            found[name] = found.get(name, {}) | (self._try(name, store.read) or {})
        return {name: values for name, values in found.items() if values}

    def samples(self, every_seconds: float) -> Iterator[tuple[float, dict[str, Values]]]:
        """Yield samples with their times, forever. A slow sample delays the next one."""
        due = time.monotonic()
        while True:
            at = time.time()
            yield at, self.sample()
            due = max(due + every_seconds, time.monotonic())
            time.sleep(max(0.0, due - time.monotonic()))

    def _values(self, part: Part) -> Values:
        values: Values = {}
        if part.pid is not None:
            values |= self._try(f"{part.name}'s process", partial(usage, part.pid)) or {}
        if part.metrics:
            scrape = self._try(
                f"{part.name}'s metrics", partial(fetch, part.metrics, self._deployment.token)
            )
            values |= scrape.sums() if scrape else {}
        return values

    def _try(self, what: str, read: Callable[[], Result]) -> Result | None:
        try:
            return read()
        except DOWN as error:
            self.failures.setdefault(what, f"{type(error).__name__}: {error}")
            return None
