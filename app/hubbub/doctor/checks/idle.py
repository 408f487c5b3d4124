"""Checks that an idle WebSocket stays open: pings arrive, and no proxy closes the connection.

The socket stays silent for a little more than one ping interval, which is the silence that a proxy
must allow. How much longer a proxy would wait is not checked.
"""

import time

from django.utils.translation import gettext as _
from websockets.exceptions import ConnectionClosed

from hubbub.doctor.context import CheckContext, Results
from hubbub.doctor.results import CheckResult, green, grey, red, yellow
from hubbub.doctor.websocket_client import WebSocketClient, close_code

# Some proxies close silent connections after a minute (nginx) or after 55 s (Heroku).
MAX_PING_INTERVAL_SECONDS = 50
# The close code that a server uses when it received no pong: its pings or the pongs were lost.
NO_PONG = 4003


def check(context: CheckContext) -> Results:
    if not context.clients:
        yield grey("idle", _("Not checked, because no WebSocket opens."))
        return
    interval = context.ping_interval_seconds
    if interval > MAX_PING_INTERVAL_SECONDS:
        text = _("PING_INTERVAL_SECONDS is %(interval)d; many proxies close idle sockets earlier.")
        yield yellow("idle", text % {"interval": interval}, _("Set it to 50 or less."))
    elif context.idle_client is None:
        yield grey("idle", _("Not checked, because --quick does not wait."))
    else:
        code = _wait(context.idle_client, context.idle_since + 1.1 * interval + 3)
        idle_seconds = time.monotonic() - context.idle_since
        yield _result(context.idle_client, code, interval, idle_seconds)


def _result(
    client: WebSocketClient, code: int | None, interval: float, idle_seconds: float
) -> CheckResult:
    values = {"seconds": round(idle_seconds), "interval": round(interval), "code": code}
    if code == NO_PONG or (code is None and not client.pings):
        text = _("No ping from the server arrived in %(seconds)d s.")
        fix = _("Check that the proxy forwards WebSocket frames immediately, without buffering.")
        return red("idle", text % values, fix)
    if code is not None:
        text = _("An idle WebSocket was closed within %(seconds)d s (%(code)d).")
        fix = _(
            "Set the proxy's read timeout for /ws/ well above PING_INTERVAL_SECONDS=%(interval)d."
        )
        return red("idle", text % values, fix % values)
    text = _("An idle WebSocket stayed open for %(seconds)d s, with a ping every %(interval)d s.")
    return green("idle", text % values)


def _wait(client: WebSocketClient, deadline: float) -> int | None:
    """Wait until the deadline. Return the close code if the socket closes earlier."""
    try:
        client.receive(lambda frame: False, deadline - time.monotonic())
    except TimeoutError:
        return None
    except ConnectionClosed as closed:
        return close_code(closed)
    return None
