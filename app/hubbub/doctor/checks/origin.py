"""A foreign page cannot open a socket with a visitor's cookie; only the service's own may."""

from django.utils.translation import gettext as _
from websockets.exceptions import ConnectionClosed, InvalidStatus, WebSocketException

from hubbub.doctor.context import Findings, Visit
from hubbub.doctor.results import green, grey, red
from hubbub.doctor.websocket_client import open_tab

FOREIGN = ("https://doctor.invalid", "null")
REFUSED = (400, 403)  # 400 is what a replica's WebSocket library says to "null"


def look(visit: Visit) -> Findings:
    if not visit.tabs:
        yield grey("origin", _("A refused Origin means nothing where no socket opens."))
        return
    for origin in FOREIGN:
        try:
            taken = _is_taken(visit, origin)
        except (OSError, WebSocketException) as error:
            yield grey("origin", _("The handshake failed otherwise: %(error)s.") % {"error": error})
            return
        if taken:
            text = _("A socket opens for a page of %(origin)s: other sites can act for visitors.")
            mend = _("Have the proxy pass the Origin header on as the browser sent it.")
            yield red("origin", text % {"origin": origin}, mend)
            return
    yield green("origin", _("Sockets open for the service's own pages only."))


def _is_taken(visit: Visit, origin: str) -> bool:
    try:
        open_tab(visit.address, visit.accounts.cookies[0], origin).close()
    except InvalidStatus as error:
        if error.response.status_code not in REFUSED:  # by somebody who is busy or away, say
            raise
        return False
    except ConnectionClosed:  # after it was accepted
        return True
    return True
