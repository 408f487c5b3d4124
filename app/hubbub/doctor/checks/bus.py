"""Checks that replicas reach each other through Redis.

The check uses typing notices, because no log contains them. Messages would prove nothing: without
the bus they also arrive, a little later, because replicas read them from the log.
"""

from django.utils.translation import gettext as _
from websockets.exceptions import WebSocketException

from hubbub.doctor.context import CheckContext, Results
from hubbub.doctor.results import green, grey, red
from hubbub.doctor.websocket_client import WebSocketClient

# Several tries are needed: replicas join groups in the background, and the server publishes a
# user's typing only once in three seconds.
TRIES = 3
TRY_SECONDS = 3.2


def check(context: CheckContext) -> Results:
    if not context.clients:
        yield grey("bus", _("Not checked, because no WebSocket opens."))
        return
    if len(context.clients) == 1:
        yield grey("bus", _("Not checked, because only one replica responded."))
        return
    first, second = context.clients
    try:
        context.bus_works = _typing_arrives(context, first, second) and _typing_arrives(
            context, second, first
        )
    except WebSocketException as error:
        text = _("A WebSocket closed during the check: %(error)s.")
        yield grey("bus", text % {"error": error})
        return
    if context.bus_works:
        yield green("bus", _("The replicas reach each other through Redis."))
        return
    text = _("Replicas do not reach each other through Redis: events arrive late, from the log.")
    fix = _("Give every process the same REDIS_URL and REDIS_PREFIX, and check that Redis runs.")
    yield red("bus", text, fix)


def _typing_arrives(
    context: CheckContext, sender: WebSocketClient, receiver: WebSocketClient
) -> bool:
    user = sender.welcome["user"]["id"]
    for _try in range(TRIES):
        sender.send("typing", room=context.accounts.room)
        try:
            receiver.receive(
                lambda frame: frame["type"] == "typing.started" and frame["user"]["id"] == user,
                TRY_SECONDS,
            )
        except TimeoutError:
            continue
        return True
    return False
