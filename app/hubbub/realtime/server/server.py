"""Daphne's server with a replica in it: started with the server, drained before it ends.

Stock Daphne cancels all applications on SIGTERM before any hook of ours could run. Here signals
begin a drain (`lifecycle.drain`) while everything still runs, and only then the reactor
stops. Called by `command`; nothing else in the project knows of Daphne.
"""

import asyncio
import logging
import os
import select
import signal
import socket
import sys
import time
from collections.abc import Iterable, MutableMapping
from typing import Any, NoReturn

import daphne.server
from daphne.http_protocol import WebRequest
from daphne.server import twisted_loop
from django.conf import settings
from twisted.internet.defer import Deferred

from hubbub.realtime.connections.transport import FRAMES
from hubbub.realtime.delivery.time_slices import in_slices
from hubbub.realtime.lifecycle.drain import drain
from hubbub.realtime.lifecycle.replica import this_replica
from hubbub.realtime.server.memory import keep_the_heap_whole, spare_the_collector
from hubbub.realtime.server.websocket_protocol import CLOSE_SECONDS, SocketProtocol, with_options_of

logger = logging.getLogger(__name__)

# Handshakes that may wait to be accepted: everybody comes at once when another replica dies, and
# Twisted's 50 would let the kernel drop most of them, who then try again a second later.
BACKLOG = 1_024
ENDED_SECONDS, TIMEOUTS_SECONDS = 1.0, 2.0
# How long what was cancelled may take to end.
CANCEL_SECONDS = 1.0


class Server(daphne.server.Server):
    connections: dict[Any, dict[str, Any]]  # Daphne's: by protocol

    def __init__(self, *, endpoints: list[str], **options: Any) -> None:
        super().__init__(
            endpoints=[_with_backlog(each) for each in endpoints],
            **options,
            signal_handlers=False,
            ready_callable=self._begin,
        )
        self._ports: list[Any] = []
        self._ended: set[Any] = set()  # protocols that are gone, or whose application is
        self._refusal = ""
        self._leaving: asyncio.Task[None] | None = None
        self._is_done = False

    def run(self) -> None:
        """Serve until a signal ends it. Never returns: ends the process, or exits with a reason."""
        super().run()
        if self._refusal:
            sys.exit(self._refusal)
        _end_process(0 if self._is_done else 1)

    # Beginning

    def _begin(self) -> None:
        """Called by Daphne just before its reactor runs."""
        # The protocol pings by itself. `null` is as Daphne has it, which each call of this forgets:
        # such an origin is for us to refuse, as any other.
        self.ws_factory.setProtocolOptions(
            autoPingTimeout=0, allowNullOrigin=True, closeHandshakeTimeout=CLOSE_SECONDS
        )
        self.ws_factory.protocol = with_options_of(self.ws_factory)
        spare_the_collector()
        keep_the_heap_whole()
        twisted_loop.add_signal_handler(signal.SIGTERM, self._leave, settings.DRAIN_SECONDS)
        # Nobody waits on Ctrl-C.
        twisted_loop.add_signal_handler(signal.SIGINT, self._leave, 0)
        twisted_loop.call_soon(lambda: this_replica().begin())

    # Looking after connections

    def protocol_disconnected(self, protocol: Any) -> None:
        super().protocol_disconnected(protocol)
        self._ended.add(protocol)

    def application_checker(self) -> None:
        """As Daphne's, each second, for those that ended only: it looks at everybody."""
        try:
            for protocol in list(self._ended):
                self._put_away(protocol)
        finally:
            twisted_loop.call_later(ENDED_SECONDS, self.application_checker)

    def _put_away(self, protocol: Any) -> None:
        details = self.connections.get(protocol, {"disconnected": 0})
        application = details.get("application_instance")
        if application is not None and application.done():
            application = details.pop("application_instance")
            self._note_end(protocol, application)
            application = None
        if "disconnected" not in details:
            self._ended.discard(protocol)  # a socket that its hub has now, until it is gone
        elif application is None:
            self._ended.discard(protocol)
            self.connections.pop(protocol, None)
            if isinstance(protocol, WebRequest) and protocol.transport is None:
                # It became a socket: its channel and it know each other, and nobody else them.
                protocol.channel = None
        elif time.time() - details["disconnected"] > self.application_close_timeout:
            application.cancel()

    def _note_end(self, protocol: Any, application: "asyncio.Future[None]") -> None:
        if application.cancelled() or (error := application.exception()) is None:
            return
        logger.error("Exception inside application: %s", error, exc_info=error)
        if "disconnected" not in self.connections[protocol]:
            try:
                protocol.handle_exception(error)
            except Exception:  # Daphne's cannot answer a request whose answer has begun
                logger.exception("Nobody could be told of that.")

    def timeout_checker(self) -> None:
        """As Daphne's, every two seconds, in slices: ten thousand at once would take too long."""
        in_slices(self.connections, _check_timeouts, self._check_timeouts_again)

    def _check_timeouts_again(self) -> None:
        twisted_loop.call_later(TIMEOUTS_SECONDS, self.timeout_checker)

    def listen_success(self, port: Any) -> None:
        super().listen_success(port)
        self._ports.append(port)
        # Inherited by what is accepted. Left to itself, the kernel hides megabytes for who does not
        # read.
        port.socket.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, settings.SEND_BUFFER_BYTES)

    def listen_error(self, failure: Any) -> None:
        self._refusal = f"{failure.getErrorMessage()} Choose another with PORT, --port or --bind."
        self.stop()

    def create_application(
        self, protocol: Any, scope: MutableMapping[str, Any]
    ) -> "asyncio.Queue[Any] | None":
        """As Daphne's; a socket's application may write ready-made frames (`transport`)."""
        if isinstance(protocol, SocketProtocol):
            scope["extensions"] = {FRAMES: {"writer": protocol.writer}}
        queue = super().create_application(protocol, scope)
        application = self.connections[protocol].get("application_instance")
        if application is not None:
            application.add_done_callback(lambda _: self._ended.add(protocol))
        return queue  # type: ignore[no-any-return]

    # Leaving

    def _leave(self, seconds: float) -> None:
        """Begin to leave; asked a second time, end at once: like a crash, it loses nothing."""
        if self._leaving is None:
            self._leaving = twisted_loop.create_task(self._drain(seconds))
        else:
            self._leaving.cancel()

    async def _drain(self, seconds: float) -> None:
        try:
            self._stop_listening()
            self._is_done = await drain(this_replica(), seconds, self._is_idle)
        finally:
            self.stop()

    def _stop_listening(self) -> None:
        """Close the listeners, once what the kernel has already connected is accepted.

        Closing a listener resets those that wait behind it; accepted, they get an answer.
        """
        for port in self._ports:
            for _ in range(BACKLOG):
                if not _is_readable(port):
                    break
                port.doRead()
            port.stopListening()

    def _is_idle(self) -> bool:
        """Whether no socket, handshake or request is being served; what only connected is not."""
        attached = any(
            isinstance(each, SocketProtocol) and each.is_attached for each in self.connections
        )
        return not attached and not self._applications()

    def _applications(self) -> list["asyncio.Future[None]"]:
        # Half-open connections have no application yet.
        applications = [each.get("application_instance") for each in self.connections.values()]
        return [each for each in applications if each is not None and not each.done()]

    async def handle_reply(self, protocol: Any, message: MutableMapping[str, Any]) -> None:
        is_head = message.get("type") == "http.response.start"
        if self._leaving is not None and is_head and isinstance(protocol, WebRequest):
            _let_go(protocol, message)
        await super().handle_reply(protocol, message)

    def kill_all_applications(self) -> "Deferred[Any]":
        """Cancel what the drain left over. Stock: KeyError at a half-open connection."""
        applications = self._applications()
        for application in applications:
            application.cancel()
        return Deferred.fromFuture(asyncio.ensure_future(_ended(applications)))


def _check_timeouts(protocols: Iterable[Any]) -> None:
    for protocol in protocols:
        try:
            protocol.check_timeouts()
        except Exception:  # of one: all others are to be looked at, too
            logger.exception("A connection could not be looked at.")


def _with_backlog(endpoint: str) -> str:
    is_plain = endpoint.startswith("tcp:") and "backlog=" not in endpoint
    return f"{endpoint}:backlog={BACKLOG}" if is_plain else endpoint


def _is_readable(port: Any) -> bool:
    poll = select.poll()
    poll.register(port.fileno(), select.POLLIN)
    return bool(poll.poll(0))


def _let_go(request: Any, message: MutableMapping[str, Any]) -> None:
    """Tell a connection that is kept alive to go elsewhere for its next request."""
    message["headers"] = [*message.get("headers", ()), (b"connection", b"close")]
    if request.channel is not None:
        request.channel.persistent = False


async def _ended(applications: list["asyncio.Future[None]"]) -> None:
    if applications:
        await asyncio.wait(applications, timeout=CANCEL_SECONDS)


def _end_process(status: int) -> NoReturn:
    """End without waiting for threads: one that waits for a hung database would wait for ever."""
    logging.shutdown()
    sys.stdout.flush()
    sys.stderr.flush()
    os._exit(status)
