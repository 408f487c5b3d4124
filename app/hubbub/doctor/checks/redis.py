"""Checks that Redis keeps the counts of sign-in attempts and disconnects slow replicas.

Redis must disconnect a replica that stops reading. The check reads Redis's configuration. A hosted
Redis may refuse that; the result is then grey.
"""

from typing import Any
from urllib.parse import urlsplit

from django.conf import settings
from django.utils.translation import gettext as _
from redis import Redis
from redis.exceptions import RedisError, ResponseError

from hubbub.doctor.context import CheckContext, Results
from hubbub.doctor.results import CheckResult, green, grey, red, yellow

# With a lower limit, Redis would disconnect a replica that needs a moment to read a burst.
MIN_PUBSUB_BYTES = 8 * 1024 * 1024


def check(context: CheckContext) -> Results:
    if not settings.REDIS_HOSTS:
        yield grey("redis", _("REDIS_URL is not set: a single process needs no Redis."))
    for url in settings.REDIS_HOSTS:
        yield from _check_host(url, context)


def _check_host(url: str, context: CheckContext) -> Results:
    name = urlsplit(url).hostname or urlsplit(url).path
    timeout = context.timeout_seconds
    client: Any = Redis.from_url(url, socket_connect_timeout=timeout, socket_timeout=timeout)
    try:
        client.ping()
        yield green("redis", _("Redis at %(name)s responds.") % {"name": name})
        yield _eviction(client, name)
        yield _buffers(client, name)
    except (RedisError, OSError) as error:
        yield _unreachable(name, error, context)
    finally:
        client.close()


def _unreachable(name: str, error: Exception, context: CheckContext) -> CheckResult:
    values = {"name": name, "error": error}
    text = _("Redis at %(name)s does not respond here: %(error)s.") % values
    if context.bus_works:
        return grey("redis", text, _("The replicas reach it, since the bus works."))
    return red("redis", text, _("Start Redis, and check REDIS_URL."))


def _eviction(client: Any, name: str) -> CheckResult:
    try:
        policy = client.config_get("maxmemory-policy")["maxmemory-policy"]
        limited = int(client.config_get("maxmemory")["maxmemory"]) > 0
    except (ResponseError, KeyError):
        text = _("Redis at %(name)s does not show its settings, such as its eviction policy.")
        return grey("redis.eviction", text % {"name": name})
    if policy == "noeviction":
        return green("redis.eviction", _("Redis at %(name)s evicts nothing.") % {"name": name})
    text = _("Redis at %(name)s may evict the counts of failed sign-ins (%(policy)s).")
    fix = _("Set maxmemory-policy to noeviction: Hubbub's keys are few, and they expire soon.")
    result = red if limited else yellow  # only a memory limit makes Redis evict keys
    return result("redis.eviction", text % {"name": name, "policy": policy}, fix)


def _buffers(client: Any, name: str) -> CheckResult:
    try:
        hard, soft, seconds = _pubsub_limit(client)
    except (ResponseError, KeyError, ValueError):
        text = _("Redis at %(name)s does not show its settings, such as its buffer limits.")
        return grey("redis.buffers", text % {"name": name})
    values = {"name": name, "hard": hard, "soft": soft, "seconds": seconds}
    fix = _("Set client-output-buffer-limit pubsub 32mb 8mb 60, which is Redis's own default.")
    if not hard:
        text = _("Redis at %(name)s buffers without limit for a replica that stops reading.")
        return yellow("redis.buffers", text % values, fix)
    if hard < MIN_PUBSUB_BYTES or 0 < soft < MIN_PUBSUB_BYTES // 8:
        text = _(
            "Redis at %(name)s disconnects a replica as soon as it is %(hard)d bytes behind, or "
            "once it has been %(soft)d bytes behind for %(seconds)d s."
        )
        return red("redis.buffers", text % values, fix)
    text = _("Redis at %(name)s lets replicas fall %(hard)d bytes behind.")
    return green("redis.buffers", text % values)


def _pubsub_limit(client: Any) -> tuple[int, int, int]:
    """Return the hard limit in bytes, the soft limit in bytes, and its duration in seconds."""
    option = "client-output-buffer-limit"
    words = str(client.config_get(option)[option]).split()
    start = words.index("pubsub") + 1
    hard, soft, seconds = (int(word) for word in words[start : start + 3])
    return hard, soft, seconds
