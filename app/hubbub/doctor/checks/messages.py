"""Two sockets, on two replicas where there are two, exchange a message each way."""

import time
from uuid import uuid4

from django.utils.translation import gettext as _
from websockets.exceptions import WebSocketException

from hubbub.doctor.context import Findings, Visit
from hubbub.doctor.results import green, grey, reason_of, red
from hubbub.doctor.websocket_client import Tab, Told


def look(visit: Visit) -> Findings:
    if not visit.tabs:
        yield grey("messages", _("No message can be sent without a socket."))
        return
    first, last = visit.tabs[0], visit.tabs[-1]
    try:
        for tab in visit.tabs:
            _subscribe(visit, tab)
        seconds = [_send(visit, first, last), _send(visit, last, first)]
    except (OSError, WebSocketException) as error:
        text = _("A message from %(one)s did not reach %(other)s or back: %(error)s.")
        facts = {"one": first.replica, "other": last.replica, "error": reason_of(error)}
        mend = _("Look at the logs of both replicas: is the database slow, full or read-only?")
        yield red("messages", text % facts, mend)
        return
    text = _("A message went each way, in %(there)d and %(back)d ms.")
    there, back = (round(1000 * each) for each in seconds)
    yield green("messages", text % {"there": there, "back": back})


class Refused(OSError):
    """The server answered with a problem."""


def _subscribe(visit: Visit, tab: Tab) -> None:
    tab.tell("subscribe", rooms={str(visit.accounts.room): None})
    _answered(visit, tab, "subscribed")


def _send(visit: Visit, sender: Tab, hearer: Tab) -> float:
    """Send a message and hear it at the other end; return the seconds in between."""
    nonce, began = uuid4().hex, time.monotonic()
    sender.tell("message.send", room=visit.accounts.room, nonce=nonce, body=f"doctor {nonce}")
    if sender is not hearer:
        _answered(visit, sender, "ok")
    hearer.hear(lambda told: _is_message(told, nonce), visit.seconds)
    return time.monotonic() - began


def _answered(visit: Visit, tab: Tab, type: str) -> None:
    told = tab.hear(lambda told: told["type"] in (type, "problem"), visit.seconds)
    if told["type"] == "problem":
        raise Refused(told.get("detail", told.get("code")))


def _is_message(told: Told, nonce: str) -> bool:
    is_one = told["type"] == "message.created"
    return is_one and bool(told["message"]["body"] == f"doctor {nonce}")
