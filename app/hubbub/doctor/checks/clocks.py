"""The clocks of replicas, proxy, database and of this machine agree.

Order never depends on them, but times that people see do, and so do sessions and signatures. A
replica's clock is read from a message that it takes. The Date header is the proxy's, if there is
one: it puts its own on every answer.
"""

import time
from collections.abc import Callable
from datetime import datetime
from email.utils import parsedate_to_datetime
from uuid import uuid4

from django.db import connection
from django.utils.translation import gettext as _
from websockets.exceptions import WebSocketException

from hubbub.doctor.context import Findings, Visit
from hubbub.doctor.results import green, grey, red, yellow
from hubbub.doctor.websocket_client import Tab

YELLOW_SECONDS = 2.0
RED_SECONDS = 10.0


def look(visit: Visit) -> Findings:
    ahead: dict[str, float] = {}
    for tab in visit.tabs:
        try:
            ahead[tab.replica] = _ahead(lambda tab=tab: _replica_clock(visit, tab))  # type: ignore[misc]
        except (OSError, WebSocketException):
            continue  # `messages` has said so
    if visit.page.header("Date"):
        ahead[_("the proxy")] = _ahead(lambda: _proxy_clock(visit))
    if connection.vendor == "postgresql":
        ahead[_("the database")] = _ahead(_database_clock)
    if not ahead:
        yield grey("clocks", _("No other clock could be read."))
        return
    worst, name = max((abs(seconds), name) for name, seconds in ahead.items())
    facts = {"name": name, "seconds": f"{ahead[name]:+.1f}", "count": len(ahead)}
    if worst <= YELLOW_SECONDS:
        yield green("clocks", _("%(count)d clocks agree with this machine's.") % facts)
        return
    finding = red if worst > RED_SECONDS else yellow
    text = _("The clock of %(name)s is %(seconds)s s beside this machine's.") % facts
    mend = _("Keep the clocks of all machines right with NTP (chrony, systemd-timesyncd).")
    yield finding("clocks", text, mend)


def _ahead(read: Callable[[], float]) -> float:
    """Return how many seconds a clock is ahead: nothing, where the way there explains it."""
    before = time.time()
    read_at = read()
    after = time.time()
    return max(read_at - after, 0.0) or min(read_at - before, 0.0)


def _replica_clock(visit: Visit, tab: Tab) -> float:
    body = f"doctor {uuid4().hex}"
    tab.tell("message.send", room=visit.accounts.room, nonce=body, body=body)
    told = tab.hear(
        lambda told: told["type"] == "message.created" and told["message"]["body"] == body,
        visit.seconds,
    )
    return datetime.fromisoformat(told["at"]).timestamp()


def _proxy_clock(visit: Visit) -> float:
    answer = visit.address.get("/accounts/login/", **{"Cache-Control": "no-cache"})
    # The second that it names has begun up to one second before.
    return parsedate_to_datetime(answer.header("Date")).timestamp() + 0.5


def _database_clock() -> float:
    with connection.cursor() as cursor:
        cursor.execute("SELECT extract(epoch FROM clock_timestamp())")
        return float(cursor.fetchone()[0])
