"""The ASGI application of `/ws/`: accepts, authenticates, admits and serves each WebSocket.

This is not a Channels consumer, because a consumer needs a thread hop for every message of the
channel layer. The hub writes to connections; this module only receives commands.
"""

import logging
import time
from contextvars import copy_context

from django.conf import settings

from hubbub.observability import metrics
from hubbub.observability.logs import set_connection_context
from hubbub.observability.process_name import NAME
from hubbub.realtime.asgi_types import Receive, Scope, Send
from hubbub.realtime.commands.handlers import Commands
from hubbub.realtime.connections.authentication import (
    HandshakeRejected,
    Headers,
    authenticate,
    bearer_token,
    decode_headers,
)
from hubbub.realtime.connections.connection import Connection, goodbye_frame
from hubbub.realtime.connections.origin import is_same_origin
from hubbub.realtime.connections.transport import OnDisconnect, transport_for
from hubbub.realtime.lifecycle.replica import Replica, this_replica
from hubbub.realtime.protocol import close_codes
from hubbub.realtime.protocol.json_frames import SUBPROTOCOL, frame

logger = logging.getLogger(__name__)


async def websocket(scope: Scope, receive: Receive, send: Send) -> None:
    """Serve one WebSocket, from the handshake to the disconnect.

    Pages of other origins are refused in the handshake. In all other cases the socket is accepted
    and then closed with a code, because a browser cannot see the status of a refused handshake.
    """
    await receive()  # websocket.connect
    headers = decode_headers(scope["headers"])
    if scope["path"] != "/ws/" or not _may_connect(headers):
        await send({"type": "websocket.close"})
        return
    replica = this_replica()
    try:
        await _accept(scope, send)
        await _reject_if_draining(replica, send)
        identity = await authenticate(headers, replica.hub, replica.start)
    except HandshakeRejected as rejected:
        metrics.connections_closed.labels(rejected.code).inc()
        await send({"type": "websocket.close", "code": rejected.code})
        return
    connection = Connection(transport_for(scope, send), identity)
    _admit(replica, connection)
    await _serve(replica, connection, receive)


def _may_connect(headers: Headers) -> bool:
    """Return whether the `Origin` is ours. Only bots, which use a token, may omit it."""
    origin = headers.get("origin")
    if origin is None:
        return bearer_token(headers) is not None
    return is_same_origin(origin, headers.get("host", ""))


async def _accept(scope: Scope, send: Send) -> None:
    """Accept the handshake. Then reject a client that offers only unknown subprotocols."""
    offered = scope.get("subprotocols", [])
    is_supported = SUBPROTOCOL in offered
    # A browser fails the handshake unless one of the subprotocols that it offered is chosen.
    chosen = SUBPROTOCOL if is_supported else (offered[0] if offered else None)
    await send({"type": "websocket.accept", "subprotocol": chosen})
    if offered and not is_supported:
        raise HandshakeRejected(close_codes.UNSUPPORTED_VERSION)


async def _reject_if_draining(replica: Replica, send: Send) -> None:
    if replica.draining:
        await send({"type": "websocket.send", "text": goodbye_frame(close_codes.DRAINING)})
        raise HandshakeRejected(close_codes.DRAINING)


def _admit(replica: Replica, connection: Connection) -> None:
    """Add a connection to the hub, after its `welcome`.

    This function must not wait: see `_authenticate`.
    """
    hub = replica.hub
    connection.write(_welcome(replica, connection))
    hub.connections.add(connection)
    if hub.traffic_observer is not None:
        hub.traffic_observer.connected(connection)
    replica.connection_expiry.schedule(connection, time.monotonic())
    if replica.draining:  # a drain that started during the handshake has not seen this connection
        connection.send_goodbye(close_codes.DRAINING)
        connection.close(close_codes.DRAINING)


def _welcome(replica: Replica, connection: Connection) -> str:
    return frame(
        "welcome",
        protocol=SUBPROTOCOL,
        version=settings.VERSION,
        epoch=replica.hub.epoch,
        connection=connection.id,
        replica=NAME,
        user={"id": connection.user_id, "name": connection.name},
        heartbeat_seconds=settings.PING_INTERVAL_SECONDS,
        limits={
            "body_chars": settings.MAX_BODY_CHARS,
            "frame_bytes": settings.MAX_FRAME_BYTES,
            "nonce_chars": settings.MAX_NONCE_CHARS,
            "rooms_per_subscribe": settings.MAX_ROOMS_PER_SUBSCRIBE,
            "replay_events": settings.REPLAY_MAX_EVENTS,
        },
    )


async def _serve(replica: Replica, connection: Connection, receive: Receive) -> None:
    """Pass received frames to the commands until the disconnect.

    With our server this returns immediately, because the server itself calls the two callbacks.
    """
    set_connection_context(connection.id, connection.user_id)
    logger.debug("Connection opened.")
    commands = Commands(replica.command_services, connection)

    def on_disconnect(code: int | None) -> None:
        replica.hub.remove(connection)
        if replica.hub.traffic_observer is not None:
            replica.hub.traffic_observer.disconnected(connection, code)
        logger.debug("Connection closed (%s).", code)

    # Log lines of the callbacks also name this connection.
    run = copy_context().run
    attached = connection.transport.attach(
        lambda text: run(commands.receive, text), lambda code: run(on_disconnect, code)
    )
    if not attached:
        await _receive_until_disconnect(receive, commands, on_disconnect)


async def _receive_until_disconnect(
    receive: Receive, commands: Commands, on_disconnect: OnDisconnect
) -> None:
    code = None
    try:
        while (message := await receive())["type"] != "websocket.disconnect":
            commands.receive(message.get("text"))
        code = message.get("code")
    finally:
        on_disconnect(code)
