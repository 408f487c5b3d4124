"""Checks that only the deployment's own pages can open a WebSocket with a visitor's cookie."""

from django.utils.translation import gettext as _
from websockets.exceptions import ConnectionClosed, InvalidStatus, WebSocketException

from hubbub.doctor.context import CheckContext, Results
from hubbub.doctor.results import green, grey, red
from hubbub.doctor.websocket_client import connect

FOREIGN_ORIGINS = ("https://doctor.invalid", "null")
REJECTED = (400, 403)  # a replica's WebSocket library rejects "null" with 400


def check(context: CheckContext) -> Results:
    if not context.clients:
        yield grey("origin", _("Not checked, because no WebSocket opens."))
        return
    for origin in FOREIGN_ORIGINS:
        try:
            accepted = _is_accepted(context, origin)
        except (OSError, WebSocketException) as error:
            text = _("The handshake failed for another reason: %(error)s.")
            yield grey("origin", text % {"error": error})
            return
        if accepted:
            text = _("A page from %(origin)s can open a WebSocket: other sites can act for users.")
            fix = _("Have the proxy pass the Origin header unchanged.")
            yield red("origin", text % {"origin": origin}, fix)
            return
    yield green("origin", _("Only the deployment's own pages can open WebSockets."))


def _is_accepted(context: CheckContext, origin: str) -> bool:
    try:
        connect(context.http, context.accounts.cookies[0], origin).close()
    except InvalidStatus as error:
        if error.response.status_code not in REJECTED:  # for example if no replica answers
            raise
        return False
    except ConnectionClosed:  # the server accepted the WebSocket, then closed it
        return True
    return True
