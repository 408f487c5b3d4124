"""The cache of deployments: Redis, or an empty cache while Redis is down.

The cache holds the rate limits of sign-in. Django's own backend raises while Redis is down, which
would prevent all sign-ins. Here, reads find nothing and writes are skipped, so the limits are off
but users can sign in. After a failure, the cache does not use Redis for a few seconds. Otherwise,
if Redis hangs (it is paused, or the network is cut), each of a request's many lookups would wait
for the whole timeout.
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

RETRY_AFTER_SECONDS = 5.0

logger = logging.getLogger(__name__)


class FailOpenRedisCache(RedisCache):
    # Django's attributes that are missing in django-stubs.
    _servers: list[str]
    _class: Any
    _options: dict[str, Any]

    # A monotonic time until which Redis is not used. All instances share this time, because Django
    # creates one instance per thread.
    skip_until: ClassVar[float] = 0.0
    # Clients by the addresses of their servers, shared by all instances. Under ASGI each request
    # has its own instance, and the connections of its own client would stay open until garbage
    # collection.
    clients: ClassVar[dict[str, Any]] = {}

    def __init__(self, server: str, params: dict[str, Any]) -> None:
        # By default the client keeps retrying for several seconds.
        options = {"retry": Retry(NoBackoff(), 0)} | params.get("OPTIONS", {})
        super().__init__(server, params | {"OPTIONS": options})

    @cached_property
    def _cache(self) -> Any:
        server = ",".join(self._servers)
        if server not in self.clients:
            self.clients[server] = self._class(self._servers, **self._options)
        return self.clients[server]

    def add(self, key: Any, value: Any, timeout: Any = DEFAULT_TIMEOUT, version: Any = None) -> Any:
        # Return True, so that code that acquires a lock with `add` does not wait until Redis is
        # available again.
        return self._try(True, super().add, key, value, timeout, version)

    def get(self, key: Any, default: Any = None, version: Any = None) -> Any:
        return self._try(default, super().get, key, default, version)

    def set(
        self, key: Any, value: Any, timeout: Any = DEFAULT_TIMEOUT, version: Any = None
    ) -> None:
        self._try(None, super().set, key, value, timeout, version)

    def touch(self, key: Any, timeout: Any = DEFAULT_TIMEOUT, version: Any = None) -> Any:
        return self._try(False, super().touch, key, timeout, version)

    def delete(self, key: Any, version: Any = None) -> Any:
        return self._try(False, super().delete, key, version)

    def has_key(self, key: Any, version: Any = None) -> Any:
        return self._try(False, super().has_key, key, version)

    def _try(self, fallback: Any, call: Callable[..., Any], *args: Any) -> Any:
        """Return the result of `call`, or `fallback` while Redis is down."""
        if time.monotonic() < FailOpenRedisCache.skip_until:
            return fallback
        try:
            return call(*args)
        except (RedisError, OSError) as error:
            FailOpenRedisCache.skip_until = time.monotonic() + RETRY_AFTER_SECONDS
            logger.warning(
                "Redis does not answer (%r). Sign-in has no rate limits meanwhile.", error
            )
            return fallback
