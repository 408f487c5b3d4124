"""Sockets open through the public address, on more than one replica.

Opens the sockets that the later checks use. No stickiness: among a dozen handshakes another replica
answers, if there is one.
"""

from django.conf import settings
from django.utils.translation import gettext as _
from websockets.exceptions import ConnectionClosed, InvalidStatus, WebSocketException

from hubbub.doctor.context import Findings, Visit
from hubbub.doctor.results import Finding, green, grey, reason_of, red, yellow
from hubbub.doctor.websocket_client import Tab, close_code

MAX_TRIES = 12


def look(visit: Visit) -> Findings:
    if not visit.known:
        yield grey("replicas", _("No socket can be opened without a session."))
        return
    try:
        visit.tabs = _open_two(visit)
        if not visit.quick:
            visit.begin_idling()
    except (OSError, WebSocketException) as error:
        visit.tabs = ()
        yield _refused(error)
        return
    facts = {"names": ", ".join(tab.replica for tab in visit.tabs), "tries": MAX_TRIES}
    if len(visit.tabs) == 2:
        yield green("replicas", _("Two replicas take sockets: %(names)s.") % facts)
    elif settings.EMBEDDED:
        yield green("replicas", _("One process takes all sockets: %(names)s.") % facts)
    else:
        text = _("Only one replica took %(tries)d sockets: %(names)s.") % facts
        mend = _(
            "Start a second one, so that one may fail or be replaced; if there is one, look that "
            "the proxy sends sockets to all of them, without stickiness."
        )
        yield yellow("replicas", text, mend)


def _open_two(visit: Visit) -> tuple[Tab, ...]:
    first = visit.open_tab(0)
    for _try in range(MAX_TRIES - 1):
        second = visit.open_tab(1)
        if second.replica != first.replica:
            return first, second
        second.close()
    return (first,)


def _refused(error: Exception) -> Finding:
    if isinstance(error, InvalidStatus):
        text = _("The handshake at /ws/ is answered with %(status)d.")
        status = error.response.status_code
        return red("replicas", text % {"status": status}, _mend_status(status))
    if isinstance(error, ConnectionClosed):
        text = _("The socket at /ws/ is closed with %(code)d before its welcome.")
        mend = _("Close codes are in docs/protocol.md; the log of the replica says more.")
        return red("replicas", text % {"code": close_code(error)}, mend)
    text = _("No socket opens at /ws/: %(error)s.")
    mend = _("Look whether a realtime process runs and is ready, and at the proxy's log.")
    return red("replicas", text % {"error": reason_of(error)}, mend)


def _mend_status(status: int) -> str:
    if status == 403:
        return _("Its Origin is not PUBLIC_URL for the replicas: set it for them, too.")
    if status in (502, 503, 504):
        return _("The proxy reaches no replica: start one, or mend the proxy's list of them.")
    return _("Have the proxy pass /ws/ on with HTTP/1.1 and the Upgrade and Connection headers.")
