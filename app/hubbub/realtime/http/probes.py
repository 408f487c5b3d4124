"""Answers the probes of a replica: /healthz, /readyz and /metrics.

Probes are answered before Django: without middleware, the database, or a check of `Host` (probes
use IP addresses). Neither health path checks Redis: otherwise all replicas would become unready
whenever Redis is down.
"""

import asyncio
import time
from collections.abc import Callable
from http import HTTPStatus
from typing import TypeAlias

from django.utils.translation import gettext as _
from prometheus_client import CONTENT_TYPE_LATEST

from hubbub.observability import metrics
from hubbub.observability.exposition import may_scrape, render_metrics
from hubbub.realtime.asgi_types import Application, Receive, Scope, Send
from hubbub.realtime.connections.authentication import decode_headers
from hubbub.realtime.lifecycle.replica import this_replica
from hubbub.realtime.telemetry.loop_stalls import KEPT_SECONDS, loop_stalls

Response: TypeAlias = tuple[HTTPStatus, str, bytes]  # status, content type, body

# The long window suits a scrape once a minute. The short window is as long as the load of a
# benchmark.
STALL_WINDOWS_SECONDS = (10, KEPT_SECONDS)

TEXT = "text/plain; charset=utf-8"


def with_probes(application: Application) -> Application:
    """Wrap the application, so that the three paths are answered before they reach it."""

    async def serve(scope: Scope, receive: Receive, send: Send) -> None:
        probe = PROBES.get(scope["path"])
        if probe is None:
            await application(scope, receive, send)
        elif scope["method"] not in ("GET", "HEAD"):
            await _send(send, scope, (HTTPStatus.METHOD_NOT_ALLOWED, TEXT, b""))
        else:
            await _send(send, scope, probe(scope))

    return serve


def healthz(scope: Scope) -> Response:
    """Report that the process responds; check nothing else."""
    return HTTPStatus.OK, TEXT, b"ok\n"


def readyz(scope: Scope) -> Response:
    """Report whether the replica has started and is not draining.

    With a server other than ours, the first call starts the replica.
    """
    this_replica().start_in_background()
    if reason := _why_not_ready():
        return HTTPStatus.SERVICE_UNAVAILABLE, TEXT, f"{reason}\n".encode()
    return HTTPStatus.OK, TEXT, b"ready\n"


def show_metrics(scope: Scope) -> Response:
    headers = decode_headers(scope["headers"])
    allowed = may_scrape(
        (scope.get("client") or [""])[0],
        forwarded="x-forwarded-for" in headers,
        authorization=headers.get("authorization", ""),
    )
    if not allowed:
        reason = _("You don't have access to the metrics.")
        return HTTPStatus.FORBIDDEN, TEXT, f"{reason}\n".encode()
    _update_gauges()
    return HTTPStatus.OK, CONTENT_TYPE_LATEST, render_metrics()


def _update_gauges() -> None:
    """Set the metrics that are only computed when they are scraped."""
    metrics.ready.set(not _why_not_ready())
    if loop_stalls.has_records:
        for seconds in STALL_WINDOWS_SECONDS:
            longest = loop_stalls.longest(time.monotonic(), seconds)
            metrics.loop_stall.labels(seconds).set(longest)
    metrics.loop_tasks.set(len(asyncio.all_tasks()))


PROBES: dict[str, Callable[[Scope], Response]] = {
    "/healthz": healthz,
    "/readyz": readyz,
    "/metrics": show_metrics,
}


def _why_not_ready() -> str:
    replica = this_replica()
    if replica.draining:
        return _("Draining: this replica accepts no new connections.")
    if not replica.started:
        return _("Not started: the database has not answered yet.")
    return ""


async def _send(send: Send, scope: Scope, response: Response) -> None:
    status, content_type, body = response
    headers = [
        (b"content-type", content_type.encode()),
        (b"content-length", str(len(body)).encode()),
        (b"cache-control", b"no-store"),
    ]
    await send({"type": "http.response.start", "status": int(status), "headers": headers})
    sent_body = b"" if scope["method"] == "HEAD" else body
    await send({"type": "http.response.body", "body": sent_body})
