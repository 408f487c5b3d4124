"""A socket on which nobody speaks lives: the server's pings pass, and no proxy cuts it before.

Held for a little more than one heartbeat, which is what a proxy must bear; how long it would bear
silence beyond that is not seen.
"""

import time

from django.utils.translation import gettext as _
from websockets.exceptions import ConnectionClosed

from hubbub.doctor.findings import green, grey, red, yellow
from hubbub.doctor.tab import Tab, close_code
from hubbub.doctor.visit import Findings, Visit

# Proxies that cut silent connections do it after a minute (nginx), or after 55 s (Heroku).
MAX_HEARTBEAT_SECONDS = 50


def look(visit: Visit) -> Findings:
    if visit.idle is None or not visit.tabs:
        why = _("--quick does not wait") if visit.quick else _("no socket opened")
        yield grey("idle", _("Whether a silent socket lives is not seen: %(why)s.") % {"why": why})
        return
    heartbeat = visit.heartbeat_seconds
    closed = _wait(visit.idle, visit.idle_since + 1.1 * heartbeat + 3)
    held = round(time.monotonic() - visit.idle_since)
    facts = {"held": held, "heartbeat": round(heartbeat), "pings": visit.idle.pings}
    if closed is not None:
        text = _("A silent socket was closed after %(held)d s or less (%(code)d).")
        mend = _(
            "Set the proxy's read timeout for /ws/ well above HEARTBEAT_SECONDS=%(heartbeat)d."
        )
        yield red("idle", text % (facts | {"code": closed}), mend % facts)
    elif not visit.idle.pings:
        text = _("No ping of the server came in %(held)d s.") % facts
        mend = _("Look that the proxy passes WebSocket frames on at once, without buffering.")
        yield red("idle", text, mend)
    elif heartbeat > MAX_HEARTBEAT_SECONDS:
        text = _("HEARTBEAT_SECONDS is %(heartbeat)d: many proxies cut silent sockets before.")
        yield yellow("idle", text % facts, _("Set it to 50 or less."))
    else:
        text = _("A silent socket lived for %(held)d s and was pinged (every %(heartbeat)d s).")
        yield green("idle", text % facts)


def _wait(tab: Tab, until: float) -> int | None:
    """Wait for as long as the socket has to live; return its close code if it does not."""
    try:
        while (left := until - time.monotonic()) > 0:
            tab.recv(left)
    except TimeoutError:
        return None
    except ConnectionClosed as closed:
        return close_code(closed)
    return None
