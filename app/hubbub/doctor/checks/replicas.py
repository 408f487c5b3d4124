"""Checks that WebSockets open through the public address, on more than one replica.

This check opens the WebSockets that later checks use. Load balancing is not sticky, so if there is
a second replica, it answers at least one of a dozen handshakes.
"""

from django.conf import settings
from django.utils.translation import gettext as _
from websockets.exceptions import ConnectionClosed, InvalidStatus, WebSocketException

from hubbub.doctor.context import CheckContext, Results
from hubbub.doctor.results import CheckResult, describe_error, green, grey, red, yellow
from hubbub.doctor.websocket_client import WebSocketClient, close_code

MAX_TRIES = 12


def check(context: CheckContext) -> Results:
    if not context.session_accepted:
        yield grey("replicas", _("Not checked, because the session was not accepted."))
        return
    try:
        context.clients = _connect_to_two(context)
        if not context.quick:
            context.open_idle_client()
    except (OSError, WebSocketException) as error:
        context.clients = ()
        yield _failed(error)
        return
    names = ", ".join(client.replica for client in context.clients)
    values = {"names": names, "tries": MAX_TRIES}
    if len(context.clients) == 2:
        yield green("replicas", _("Two replicas accept WebSockets: %(names)s.") % values)
    elif settings.EMBEDDED:
        yield green("replicas", _("One process accepts all WebSockets: %(names)s.") % values)
    else:
        text = _("The same replica accepted all %(tries)d WebSockets: %(names)s.") % values
        fix = _(
            "Run a second replica, so that one can fail or be replaced. If there is one, check "
            "that the proxy sends WebSockets to all of them, without stickiness."
        )
        yield yellow("replicas", text, fix)


def _connect_to_two(context: CheckContext) -> tuple[WebSocketClient, ...]:
    first = context.connect(0)
    for _try in range(MAX_TRIES - 1):
        second = context.connect(1)
        if second.replica != first.replica:
            return first, second
        second.close()
    return (first,)


def _failed(error: Exception) -> CheckResult:
    if isinstance(error, InvalidStatus):
        text = _("The response to the handshake at /ws/ is %(status)d.")
        status = error.response.status_code
        return red("replicas", text % {"status": status}, _fix_for_status(status))
    if isinstance(error, ConnectionClosed):
        text = _("The WebSocket at /ws/ is closed with %(code)d before `welcome`.")
        fix = _("docs/protocol.md explains the close codes; the replica's log says more.")
        return red("replicas", text % {"code": close_code(error)}, fix)
    text = _("No WebSocket opens at /ws/: %(error)s.")
    fix = _("Check that a realtime process runs and is ready, and see the proxy's log.")
    return red("replicas", text % {"error": describe_error(error)}, fix)


def _fix_for_status(status: int) -> str:
    if status == 403:
        return _("The replicas have another PUBLIC_URL than this Origin: set it for them, too.")
    if status in (502, 503, 504):
        return _("The proxy reaches no replica: start one, or fix the proxy's list of them.")
    return _("Have the proxy forward /ws/ with HTTP/1.1 and the Upgrade and Connection headers.")
