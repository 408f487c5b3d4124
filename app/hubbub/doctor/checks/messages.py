"""Checks that two WebSockets can send each other messages.

If there are two replicas, each WebSocket is connected to a different one.
"""

import time
from uuid import uuid4

from django.utils.translation import gettext as _
from websockets.exceptions import WebSocketException

from hubbub.doctor.context import CheckContext, Results
from hubbub.doctor.results import describe_error, green, grey, red
from hubbub.doctor.websocket_client import DecodedFrame, WebSocketClient


def check(context: CheckContext) -> Results:
    if not context.clients:
        yield grey("messages", _("Not checked, because no WebSocket opens."))
        return
    first, last = context.clients[0], context.clients[-1]
    try:
        for client in context.clients:
            _subscribe(context, client)
        seconds = [_send(context, first, last), _send(context, last, first)]
    except (OSError, WebSocketException) as error:
        text = _("A message did not get from %(one)s to %(other)s and back: %(error)s.")
        values = {"one": first.replica, "other": last.replica, "error": describe_error(error)}
        fix = _("See the logs of both replicas: is the database slow, full or read-only?")
        yield red("messages", text % values, fix)
        return
    text = _("Messages arrived both ways, in %(there)d and %(back)d ms.")
    there, back = (round(1000 * each) for each in seconds)
    yield green("messages", text % {"there": there, "back": back})


class ProblemReceived(OSError):
    """The server answered with a problem."""


def _subscribe(context: CheckContext, client: WebSocketClient) -> None:
    client.send("subscribe", rooms={str(context.accounts.room): None})
    _receive_answer(context, client, "subscribed")


def _send(context: CheckContext, sender: WebSocketClient, receiver: WebSocketClient) -> float:
    """Send a message, wait until the receiver has it, and return how many seconds that took."""
    nonce, started = uuid4().hex, time.monotonic()
    sender.send("message.send", room=context.accounts.room, nonce=nonce, body=f"doctor {nonce}")
    if sender is not receiver:
        _receive_answer(context, sender, "ok")
    receiver.receive(lambda frame: _is_message(frame, nonce), context.timeout_seconds)
    return time.monotonic() - started


def _receive_answer(context: CheckContext, client: WebSocketClient, type: str) -> None:
    answer = client.receive(
        lambda frame: frame["type"] in (type, "problem"), context.timeout_seconds
    )
    if answer["type"] == "problem":
        raise ProblemReceived(answer.get("detail", answer.get("code")))


def _is_message(frame: DecodedFrame, nonce: str) -> bool:
    is_created = frame["type"] == "message.created"
    return is_created and bool(frame["message"]["body"] == f"doctor {nonce}")
