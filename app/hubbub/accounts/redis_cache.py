"""The cache of deployments: Redis, or nothing while Redis is away.

The rate limits of sign-in live here. Django's own backend raises when Redis is down, and nobody
could sign in; here a read finds nothing and a write is let go, so the limits pause and people
come in. After a failure Redis is left alone for some seconds: a silent one (paused, partitioned)
would otherwise cost each of a request's many look-ups its whole timeout.
"""

import logging
import time
from collections.abc import Callable
from typing import Any, ClassVar

from django.core.cache.backends.base import DEFAULT_TIMEOUT
from django.core.cache.backends.redis import RedisCache
from django.utils.functional import cached_property
from redis.backoff import NoBackoff
from redis.exceptions import RedisError
from redis.retry import Retry

LEFT_ALONE_SECONDS = 5.0

logger = logging.getLogger(__name__)


class FailOpenRedisCache(RedisCache):
    # Django's own, which its stubs do not know.
    _servers: list[str]
    _class: Any
    _options: dict[str, Any]

    # Shared by the instances of all threads: Django makes one for each. Monotonic.
    away_until: ClassVar[float] = 0.0
    # By address. Under ASGI each request has an instance of its own, whose connections would stay
    # until the garbage collector comes by.
    clients: ClassVar[dict[str, Any]] = {}

    def __init__(self, server: str, params: dict[str, Any]) -> None:
        # The client's own retries wait for seconds.
        options = {"retry": Retry(NoBackoff(), 0)} | params.get("OPTIONS", {})
        super().__init__(server, params | {"OPTIONS": options})

    @cached_property
    def _cache(self) -> Any:
        server = ",".join(self._servers)
        if server not in self.clients:
            self.clients[server] = self._class(self._servers, **self._options)
        return self.clients[server]

    def add(self, key: Any, value: Any, timeout: Any = DEFAULT_TIMEOUT, version: Any = None) -> Any:
        # True: who takes a lock by adding it must not wait for a Redis that is away.
        return self._forgive(True, super().add, key, value, timeout, version)

    def get(self, key: Any, default: Any = None, version: Any = None) -> Any:
        return self._forgive(default, super().get, key, default, version)

    def set(
        self, key: Any, value: Any, timeout: Any = DEFAULT_TIMEOUT, version: Any = None
    ) -> None:
        self._forgive(None, super().set, key, value, timeout, version)

    def touch(self, key: Any, timeout: Any = DEFAULT_TIMEOUT, version: Any = None) -> Any:
        return self._forgive(False, super().touch, key, timeout, version)

    def delete(self, key: Any, version: Any = None) -> Any:
        return self._forgive(False, super().delete, key, version)

    def has_key(self, key: Any, version: Any = None) -> Any:
        return self._forgive(False, super().has_key, key, version)

    def _forgive(self, away: Any, call: Callable[..., Any], *args: Any) -> Any:
        """Return what `call` returns, or `away` while Redis is."""
        if time.monotonic() < FailOpenRedisCache.away_until:
            return away
        try:
            return call(*args)
        except (RedisError, OSError) as error:
            FailOpenRedisCache.away_until = time.monotonic() + LEFT_ALONE_SECONDS
            logger.warning("Redis does not answer (%r): rate limits of sign-in pause.", error)
            return away
