"""What probes and Prometheus ask a replica: /healthz, /readyz, /metrics.

Answered before Django: no middleware, no database, no Host check (probes call an address by its
IP). Neither health path looks at Redis: with Redis away all replicas would turn unready at once.
"""

import asyncio
import time
from collections.abc import Awaitable, Callable
from http import HTTPStatus
from typing import Any, TypeAlias

from django.utils.translation import gettext as _
from prometheus_client import CONTENT_TYPE_LATEST

from hubbub.observability import metrics
from hubbub.observability.exposition import exposition, may_scrape
from hubbub.realtime.connections.authentication import decode_headers
from hubbub.realtime.connections.endpoint import Receive
from hubbub.realtime.connections.transport import Scope, Send
from hubbub.realtime.lifecycle.replica import this_replica
from hubbub.realtime.telemetry.loop_stalls import KEPT_SECONDS, loop_stalls

# Any: Django's handler and Channels' router describe the same three arguments each in their way.
Application: TypeAlias = Callable[[Any, Any, Any], Awaitable[None]]
Answer: TypeAlias = tuple[HTTPStatus, str, bytes]  # status, content type, body

# Whoever scrapes once a minute misses nothing; ten seconds are a load of the benchmark's.
HELD_SECONDS = (10, KEPT_SECONDS)

TEXT = "text/plain; charset=utf-8"


def with_probes(application: Application) -> Application:
    """Return the application with the three paths in front of it."""

    async def probed(scope: Scope, receive: Receive, send: Send) -> None:
        probe = PROBES.get(scope["path"])
        if probe is None:
            await application(scope, receive, send)
        elif scope["method"] not in ("GET", "HEAD"):
            await _send(send, scope, (HTTPStatus.METHOD_NOT_ALLOWED, TEXT, b""))
        else:
            await _send(send, scope, probe(scope))

    return probed


def healthz(scope: Scope) -> Answer:
    """The process is there; nothing else is asked."""
    return HTTPStatus.OK, TEXT, b"ok\n"


def readyz(scope: Scope) -> Answer:
    """Started and not draining. Under another server than ours, being asked starts the replica."""
    this_replica().begin()
    if sentence := _why_not_ready():
        return HTTPStatus.SERVICE_UNAVAILABLE, TEXT, f"{sentence}\n".encode()
    return HTTPStatus.OK, TEXT, b"ready\n"


def show_metrics(scope: Scope) -> Answer:
    headers = decode_headers(scope["headers"])
    allowed = may_scrape(
        (scope.get("client") or [""])[0],
        forwarded="x-forwarded-for" in headers,
        authorization=headers.get("authorization", ""),
    )
    if not allowed:
        text = _("You don't have access to the metrics.")
        return HTTPStatus.FORBIDDEN, TEXT, f"{text}\n".encode()
    metrics.ready.set(not _why_not_ready())
    if loop_stalls.known:
        for seconds in HELD_SECONDS:
            metrics.loop_stall.labels(seconds).set(loop_stalls.longest(time.monotonic(), seconds))
    metrics.loop_tasks.set(len(asyncio.all_tasks()))
    return HTTPStatus.OK, CONTENT_TYPE_LATEST, exposition()


PROBES: dict[str, Callable[[Scope], Answer]] = {
    "/healthz": healthz,
    "/readyz": readyz,
    "/metrics": show_metrics,
}


def _why_not_ready() -> str:
    replica = this_replica()
    if replica.draining:
        return _("Draining: this replica takes no new connections.")
    if not replica.started:
        return _("Not started: the database has not answered yet.")
    return ""


async def _send(send: Send, scope: Scope, answer: Answer) -> None:
    status, content_type, body = answer
    headers = [
        (b"content-type", content_type.encode()),
        (b"content-length", str(len(body)).encode()),
        (b"cache-control", b"no-store"),
    ]
    await send({"type": "http.response.start", "status": int(status), "headers": headers})
    shown = b"" if scope["method"] == "HEAD" else body
    await send({"type": "http.response.body", "body": shown})
