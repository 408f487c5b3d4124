"""Redis evicts nothing that counts sign-ins, and lets go of a replica that does not read.

Looks at it from here, which a hosted Redis may refuse in part: then that is grey.
"""

from typing import Any
from urllib.parse import urlsplit

from django.conf import settings
from django.utils.translation import gettext as _
from redis import Redis
from redis.exceptions import RedisError, ResponseError

from hubbub.doctor.context import Findings, Visit
from hubbub.doctor.results import Finding, green, grey, red, yellow

# Below it a burst that a replica takes a moment to read costs its connection.
PUBSUB_MIN_BYTES = 8 * 1024 * 1024


def look(visit: Visit) -> Findings:
    if not settings.REDIS_HOSTS:
        yield grey("redis", _("Without REDIS_URL one process does without."))
    for url in settings.REDIS_HOSTS:
        yield from _look_at(url, visit)


def _look_at(url: str, visit: Visit) -> Findings:
    name = urlsplit(url).hostname or urlsplit(url).path
    client: Any = Redis.from_url(
        url, socket_connect_timeout=visit.seconds, socket_timeout=visit.seconds
    )
    try:
        client.ping()
        yield green("redis", _("Redis at %(name)s answers here.") % {"name": name})
        yield _eviction(client, name)
        yield _buffers(client, name)
    except (RedisError, OSError) as error:
        yield _unreachable(name, error, visit)
    finally:
        client.close()


def _unreachable(name: str, error: Exception, visit: Visit) -> Finding:
    facts = {"name": name, "error": error}
    text = _("Redis at %(name)s does not answer here: %(error)s.") % facts
    if visit.rings:
        return grey("redis", text, _("The replicas hear each other, so they reach it."))
    return red("redis", text, _("Start Redis, and look at REDIS_URL."))


def _eviction(client: Any, name: str) -> Finding:
    try:
        policy = client.config_get("maxmemory-policy")["maxmemory-policy"]
        limited = int(client.config_get("maxmemory")["maxmemory"]) > 0
    except (ResponseError, KeyError):
        text = _("Redis at %(name)s does not show its settings: its eviction policy is not seen.")
        return grey("redis.eviction", text % {"name": name})
    if policy == "noeviction":
        return green("redis.eviction", _("Redis at %(name)s evicts nothing.") % {"name": name})
    text = _("Redis at %(name)s may evict the counts of failed sign-ins (%(policy)s).")
    mend = _("Set maxmemory-policy to noeviction: Hubbub keeps little there, and not for long.")
    finding = red if limited else yellow  # without a limit it never comes to that
    return finding("redis.eviction", text % {"name": name, "policy": policy}, mend)


def _buffers(client: Any, name: str) -> Finding:
    try:
        hard, soft, _seconds = _pubsub_limit(client)
    except (ResponseError, KeyError, ValueError):
        text = _("Redis at %(name)s does not show its settings: its buffer limits are not seen.")
        return grey("redis.buffers", text % {"name": name})
    facts = {"name": name, "hard": hard, "soft": soft}
    mend = _("Set client-output-buffer-limit pubsub 32mb 8mb 60, which is Redis' own default.")
    if not hard:
        text = _("Redis at %(name)s keeps what a stuck replica does not read without a limit.")
        return yellow("redis.buffers", text % facts, mend)
    if hard < PUBSUB_MIN_BYTES or 0 < soft < PUBSUB_MIN_BYTES // 8:
        text = _("Redis at %(name)s cuts replicas off after %(hard)d bytes (%(soft)d for long).")
        return red("redis.buffers", text % facts, mend)
    text = _("Redis at %(name)s lets replicas lag %(hard)d bytes behind.")
    return green("redis.buffers", text % facts)


def _pubsub_limit(client: Any) -> tuple[int, int, int]:
    """Return the hard and the soft limit in bytes, and how many seconds the soft one may last."""
    option = "client-output-buffer-limit"
    words = str(client.config_get(option)[option]).split()
    place = words.index("pubsub")
    hard, soft, seconds = (int(word) for word in words[place + 1 : place + 4])
    return hard, soft, seconds
