"""Replicas hear each other through Redis: what is in no log, that somebody types, gets across.

Messages would get across anyway, from the log, a little later; so only this shows it.
"""

from django.utils.translation import gettext as _
from websockets.exceptions import WebSocketException

from hubbub.doctor.context import Findings, Visit
from hubbub.doctor.results import green, grey, red
from hubbub.doctor.websocket_client import Tab

# A group is joined in the background, and a person's typing is told once in three seconds.
TRIES = 3
TRY_SECONDS = 3.2


def look(visit: Visit) -> Findings:
    if not visit.tabs:
        yield grey("bus", _("Whether replicas hear each other is not seen without sockets."))
        return
    if len(visit.tabs) == 1:
        yield grey("bus", _("Whether replicas hear each other is not seen with one of them."))
        return
    first, second = visit.tabs
    try:
        visit.rings = _rings(visit, first, second) and _rings(visit, second, first)
    except WebSocketException as error:
        yield grey("bus", _("A socket was closed meanwhile: %(error)s.") % {"error": error})
        return
    if visit.rings:
        yield green("bus", _("The replicas hear each other through Redis."))
        return
    text = _("The replicas do not hear each other through Redis: all news comes late, by the log.")
    mend = _("Give every process the same REDIS_URL and REDIS_PREFIX, and look whether Redis runs.")
    yield red("bus", text, mend)


def _rings(visit: Visit, typist: Tab, hearer: Tab) -> bool:
    user = typist.welcome["user"]["id"]
    for _try in range(TRIES):
        typist.tell("typing", room=visit.accounts.room)
        try:
            hearer.hear(
                lambda told: told["type"] == "typing.started" and told["user"]["id"] == user,
                TRY_SECONDS,
            )
        except TimeoutError:
            continue
        return True
    return False
