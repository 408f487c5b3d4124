"""The ASGI application of `/ws/`: from handshake to disconnect, one coroutine for each socket.

Not a Channels consumer: those take a thread hop for every message of the layer. The hub writes to
sockets; this only reads commands.
"""

import logging
import time
from collections.abc import Awaitable, Callable, MutableMapping
from contextvars import copy_context
from typing import Any, TypeAlias

from django.conf import settings

from hubbub.observability import metrics
from hubbub.observability.logs import about_socket
from hubbub.realtime.commands.handlers import Commands
from hubbub.realtime.connections.authentication import (
    HandshakeRejected,
    Headers,
    bearer_token,
    decode_headers,
    identify,
)
from hubbub.realtime.connections.connection import Connection, Identity, goodbye
from hubbub.realtime.connections.origin import is_own
from hubbub.realtime.connections.transport import (
    OnDisconnect,
    Scope,
    Send,
    Transport,
    transport_for,
)
from hubbub.realtime.db.executors import DATABASE_UNAVAILABLE
from hubbub.realtime.lifecycle.process_name import NAME
from hubbub.realtime.lifecycle.replica import Replica, this_replica
from hubbub.realtime.protocol import close_codes
from hubbub.realtime.protocol.messages import SUBPROTOCOL, frame

Receive: TypeAlias = Callable[[], Awaitable[MutableMapping[str, Any]]]

logger = logging.getLogger(__name__)

# Times that somebody whose standing changes during the handshake is read again.
ADMISSIONS = 5


async def websocket(scope: Scope, receive: Receive, send: Send) -> None:
    """Serve one socket. Foreign pages are refused in the handshake; others get a close code."""
    await receive()  # websocket.connect
    headers = decode_headers(scope["headers"])
    if scope["path"] != "/ws/" or not _may_shake_hands(headers):
        await send({"type": "websocket.close"})
        return
    offered = scope.get("subprotocols", [])
    speaks = SUBPROTOCOL in offered
    subprotocol = SUBPROTOCOL if speaks else (offered[0] if offered else None)
    await send({"type": "websocket.accept", "subprotocol": subprotocol})
    if offered and not speaks:
        await _refuse(send, close_codes.UNSUPPORTED_VERSION)
        return
    replica = this_replica()
    if replica.draining:
        await send({"type": "websocket.send", "text": goodbye(close_codes.DRAINING)})
        await _refuse(send, close_codes.DRAINING)
        return
    try:
        connection = await _admit(replica, headers, transport_for(scope, send))
    except HandshakeRejected as refusal:
        await _refuse(send, refusal.code)
        return
    about_socket(connection.id, connection.user_id)
    logger.debug("The socket is open.")
    commands = Commands(replica, connection)

    def gone(code: int | None) -> None:
        replica.hub.drop(connection)
        if replica.hub.traffic_observer is not None:
            replica.hub.traffic_observer.disconnected(connection, code)
        logger.debug("The socket is gone (%s).", code)

    # What is logged in these is about this socket, too.
    run = copy_context().run
    attached = connection.transport.attach(
        lambda text: run(commands.receive, text), lambda code: run(gone, code)
    )
    if not attached:
        await _receive_all(receive, commands, gone)


def _may_shake_hands(headers: Headers) -> bool:
    origin = headers.get("origin")
    if origin is None:
        return bearer_token(headers) is not None
    return is_own(origin, headers.get("host", ""))


async def _refuse(send: Send, code: int) -> None:
    metrics.connections_closed.labels(code).inc()
    await send({"type": "websocket.close", "code": code})


async def _admit(replica: Replica, headers: Headers, transport: Transport) -> Connection:
    """Return the connection, taken in by the hub and welcomed. Raises HandshakeRejected."""
    hub = replica.hub
    for _ in range(ADMISSIONS):
        try:
            await replica.start()
            since = hub.place.feed.seq
            identity = await identify(headers)
        except DATABASE_UNAVAILABLE:
            break
        if since is None or hub.concerns(identity, since):
            continue  # what was read may be older than what the place's log told meanwhile
        connection = Connection(transport, identity)
        connection.write(_welcome(replica, connection, identity))
        hub.add(connection)
        if hub.traffic_observer is not None:
            hub.traffic_observer.connected(connection)
        replica.connection_expiry.schedule(connection, time.monotonic())
        if replica.draining:  # begun while the handshake was under way
            connection.say_goodbye(close_codes.DRAINING)
            connection.close(close_codes.DRAINING)
        return connection
    raise HandshakeRejected(close_codes.TRY_AGAIN)


def _welcome(replica: Replica, connection: Connection, identity: Identity) -> str:
    return frame(
        "welcome",
        protocol=SUBPROTOCOL,
        version=settings.VERSION,
        epoch=replica.hub.epoch,
        connection=connection.id,
        replica=NAME,
        user={"id": identity.user.pk, "name": str(identity.user)},
        heartbeat_seconds=settings.PING_INTERVAL_SECONDS,
        limits={
            "body_chars": settings.MAX_BODY_CHARS,
            "frame_bytes": settings.MAX_FRAME_BYTES,
            "nonce_chars": settings.MAX_NONCE_CHARS,
            "rooms_per_subscribe": settings.MAX_ROOMS_PER_SUBSCRIBE,
            "replay_events": settings.REPLAY_MAX_EVENTS,
        },
    )


async def _receive_all(receive: Receive, commands: Commands, gone: OnDisconnect) -> None:
    code = None
    try:
        while (message := await receive())["type"] != "websocket.disconnect":
            commands.receive(message.get("text"))
        code = message.get("code")
    finally:
        gone(code)
