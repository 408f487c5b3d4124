"""What probes and Prometheus ask a replica: /healthz, /readyz, /metrics.

Answered before Django: no middleware, no database, no Host check (probes call an address by its
IP). Neither health path looks at Redis: with Redis away all replicas would turn unready at once.
"""

from collections.abc import Awaitable, Callable
from http import HTTPStatus
from typing import Any, TypeAlias

from django.utils.translation import gettext as _
from prometheus_client import CONTENT_TYPE_LATEST, generate_latest

from hubbub.realtime.consumer import Receive, Scope
from hubbub.realtime.outlet import Send
from hubbub.realtime.replica import this_replica

# Any: Django's handler and Channels' router describe the same three arguments each in their way.
Application: TypeAlias = Callable[[Any, Any, Any], Awaitable[None]]
Answer: TypeAlias = tuple[HTTPStatus, str, bytes]  # status, content type, body

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
            await _send(send, scope, probe())

    return probed


def healthz() -> Answer:
    """The process is there; nothing else is asked."""
    return HTTPStatus.OK, TEXT, b"ok\n"


def readyz() -> Answer:
    """Started and not draining. Under another server than ours, being asked starts the replica."""
    replica = this_replica()
    replica.begin()
    if replica.draining:
        return _unready(_("Draining: this replica takes no new connections."))
    if not replica.started:
        return _unready(_("Not started: the database has not answered yet."))
    return HTTPStatus.OK, TEXT, b"ready\n"


def metrics() -> Answer:
    return HTTPStatus.OK, CONTENT_TYPE_LATEST, generate_latest()


PROBES: dict[str, Callable[[], Answer]] = {
    "/healthz": healthz,
    "/readyz": readyz,
    "/metrics": metrics,
}


def _unready(sentence: str) -> Answer:
    return HTTPStatus.SERVICE_UNAVAILABLE, TEXT, f"{sentence}\n".encode()


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
