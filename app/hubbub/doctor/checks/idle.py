"""A socket on which nobody speaks lives: the server's pings pass, and no proxy cuts it before.

Held for a little more than one heartbeat, which is what a proxy must bear; how long it would bear
silence beyond that is not seen.
"""

import time

from django.utils.translation import gettext as _
from websockets.exceptions import ConnectionClosed

from hubbub.doctor.context import Findings, Visit
from hubbub.doctor.results import Finding, green, grey, red, yellow
from hubbub.doctor.websocket_client import Tab, close_code

# Proxies that cut silent connections do it after a minute (nginx), or after 55 s (Heroku).
MAX_HEARTBEAT_SECONDS = 50
# The close code of a server that heard no pong: its pings, or the answers, were lost.
SILENT_TOO_LONG = 4003


def look(visit: Visit) -> Findings:
    if not visit.tabs:
        yield grey("idle", _("Whether a silent socket lives is not seen: none opens."))
        return
    heartbeat = visit.heartbeat_seconds
    if heartbeat > MAX_HEARTBEAT_SECONDS:
        text = _("PING_INTERVAL_SECONDS is %(heartbeat)d: many proxies cut silent sockets before.")
        yield yellow("idle", text % {"heartbeat": heartbeat}, _("Set it to 50 or less."))
    elif visit.idle is None:
        yield grey("idle", _("Whether a silent socket lives is not seen: --quick does not wait."))
    else:
        closed = _wait(visit.idle, visit.idle_since + 1.1 * heartbeat + 3)
        yield _verdict(visit.idle, closed, heartbeat, time.monotonic() - visit.idle_since)


def _verdict(tab: Tab, closed: int | None, heartbeat: float, held: float) -> Finding:
    facts = {"held": round(held), "heartbeat": round(heartbeat), "code": closed}
    if closed == SILENT_TOO_LONG or (closed is None and not tab.pings):
        text = _("No ping of the server came in %(held)d s.")
        mend = _("Look that the proxy passes WebSocket frames on at once, without buffering.")
        return red("idle", text % facts, mend)
    if closed is not None:
        text = _("A silent socket was closed after %(held)d s or less (%(code)d).")
        mend = _(
            "Set the proxy's read timeout for /ws/ well above PING_INTERVAL_SECONDS=%(heartbeat)d."
        )
        return red("idle", text % facts, mend % facts)
    text = _("A silent socket lived for %(held)d s and was pinged (every %(heartbeat)d s).")
    return green("idle", text % facts)


def _wait(tab: Tab, until: float) -> int | None:
    """Wait for as long as the socket has to live; return its close code if it does not."""
    try:
        tab.hear(lambda told: False, until - time.monotonic())
    except TimeoutError:
        return None
    except ConnectionClosed as closed:
        return close_code(closed)
    return None
