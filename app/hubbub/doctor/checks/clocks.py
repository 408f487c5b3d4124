"""Checks that the clocks of the replicas, the proxy, the database and this machine agree.

The order of events never depends on clocks, but displayed times, sessions and signatures do. A
replica's clock is read from a message sent to it. The Date header is the proxy's, if there is one,
because proxies set it on every response.
"""

import time
from collections.abc import Callable
from datetime import datetime
from email.utils import parsedate_to_datetime
from uuid import uuid4

from django.db import connection
from django.utils.translation import gettext as _
from websockets.exceptions import WebSocketException

from hubbub.doctor.context import CheckContext, Results
from hubbub.doctor.results import green, grey, red, yellow
from hubbub.doctor.websocket_client import WebSocketClient

YELLOW_SECONDS = 2.0
RED_SECONDS = 10.0


def check(context: CheckContext) -> Results:
    offsets = _offsets(context)
    if not offsets:
        yield grey("clocks", _("No other clock could be read."))
        return
    worst, name = max((abs(seconds), name) for name, seconds in offsets.items())
    values = {"name": name, "seconds": f"{offsets[name]:+.1f}", "count": len(offsets)}
    if worst <= YELLOW_SECONDS:
        yield green("clocks", _("%(count)d clocks agree with this machine's.") % values)
        return
    result = red if worst > RED_SECONDS else yellow
    text = _("The clock of %(name)s differs from this machine's by %(seconds)s s.") % values
    fix = _("Synchronize the clocks of all machines with NTP (chrony, systemd-timesyncd).")
    yield result("clocks", text, fix)


def _offsets(context: CheckContext) -> dict[str, float]:
    offsets: dict[str, float] = {}
    for client in context.clients:
        try:
            offsets[client.replica] = _offset(
                lambda client=client: _replica_clock(context, client)  # type: ignore[misc]
            )
        except (OSError, WebSocketException):
            continue  # the `messages` check has reported it
    if context.page.header("Date"):
        offsets[_("the proxy")] = _offset(lambda: _proxy_clock(context))
    if connection.vendor == "postgresql":
        offsets[_("the database")] = _offset(_database_clock)
    return offsets


def _offset(read: Callable[[], float]) -> float:
    """Return how many seconds a clock is ahead (negative: behind).

    Return 0 if the time that reading the clock took could explain the difference.
    """
    before = time.time()
    read_at = read()
    after = time.time()
    return max(read_at - after, 0.0) or min(read_at - before, 0.0)


def _replica_clock(context: CheckContext, client: WebSocketClient) -> float:
    body = f"doctor {uuid4().hex}"
    client.send("message.send", room=context.accounts.room, nonce=body, body=body)
    event = client.receive(
        lambda frame: frame["type"] == "message.created" and frame["message"]["body"] == body,
        context.timeout_seconds,
    )
    return datetime.fromisoformat(event["at"]).timestamp()


def _proxy_clock(context: CheckContext) -> float:
    response = context.http.get("/accounts/login/", **{"Cache-Control": "no-cache"})
    # The header gives whole seconds, so the clock is half a second ahead of it on average.
    return parsedate_to_datetime(response.header("Date")).timestamp() + 0.5


def _database_clock() -> float:
    with connection.cursor() as cursor:
        cursor.execute("SELECT extract(epoch FROM clock_timestamp())")
        return float(cursor.fetchone()[0])
