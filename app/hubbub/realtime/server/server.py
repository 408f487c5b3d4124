"""Daphne's server with a replica in it. The replica starts with the server and drains on a signal.

Stock Daphne cancels all applications on SIGTERM before any hook of ours could run. Here a signal
first starts a drain (`lifecycle.drain`) while everything still runs; the reactor stops only after
it. `command_line` starts this server. Nothing outside of this package depends on Daphne.
"""

import asyncio
import logging
import os
import signal
import sys
import time
from collections.abc import Iterable, MutableMapping
from typing import Any, NoReturn

import daphne.server
from daphne.http_protocol import WebRequest
from daphne.server import twisted_loop
from django.conf import settings
from twisted.internet.defer import Deferred

from hubbub.realtime.connections.transport import FRAMES_EXTENSION
from hubbub.realtime.delivery.time_slices import in_slices
from hubbub.realtime.lifecycle.drain import drain
from hubbub.realtime.lifecycle.replica import this_replica
from hubbub.realtime.server.descriptor_watch import DescriptorWatch
from hubbub.realtime.server.listeners import limit_send_buffers, stop_listening, with_backlog
from hubbub.realtime.server.memory import collect_garbage_rarely, limit_heap_fragmentation
from hubbub.realtime.server.websocket_protocol import (
    CLOSE_SECONDS,
    HubbubWebSocketProtocol,
    protocol_class_for,
)

logger = logging.getLogger(__name__)

CLEANUP_SECONDS, TIMEOUT_CHECK_SECONDS = 1.0, 2.0
# How long cancelled applications may take to end.
CANCEL_SECONDS = 1.0


class Server(daphne.server.Server):
    connections: dict[Any, dict[str, Any]]  # filled by Daphne: protocol -> details

    def __init__(self, *, endpoints: list[str], **options: Any) -> None:
        super().__init__(
            endpoints=[with_backlog(each) for each in endpoints],
            **options,
            signal_handlers=False,
            ready_callable=self._on_ready,
        )
        self._ports: list[Any] = []
        self._descriptors = DescriptorWatch()
        self._to_clean_up: set[Any] = set()  # protocols that closed, or whose application ended
        self._listen_error = ""
        self._shutdown: asyncio.Task[None] | None = None
        self._drained = False

    def run(self) -> None:
        """Serve until a signal. Never returns: exits the process with the right status."""
        super().run()
        if self._listen_error:
            sys.exit(self._listen_error)
        _exit_process(0 if self._drained else 1)

    # Start

    def _on_ready(self) -> None:
        """Called by Daphne just before its reactor runs."""
        # No automatic pings: `check_timeouts` sends them. `setProtocolOptions` resets
        # `allowNullOrigin` on every call, so pass Daphne's value again: the endpoint itself rejects
        # the origin `null` like any other foreign one.
        self.ws_factory.setProtocolOptions(
            autoPingTimeout=0, allowNullOrigin=True, closeHandshakeTimeout=CLOSE_SECONDS
        )
        self.ws_factory.protocol = protocol_class_for(self.ws_factory)
        collect_garbage_rarely()
        limit_heap_fragmentation()
        twisted_loop.add_signal_handler(signal.SIGTERM, self._shut_down, settings.DRAIN_SECONDS)
        twisted_loop.add_signal_handler(signal.SIGINT, self._shut_down, 0)  # Ctrl-C must be quick
        twisted_loop.call_soon(lambda: this_replica().start_in_background())

    def listen_success(self, port: Any) -> None:
        super().listen_success(port)
        self._ports.append(port)
        limit_send_buffers(port)
        self._descriptors.watch(port)

    def listen_error(self, failure: Any) -> None:
        hint = "Choose another address with PORT, --port or --bind."
        self._listen_error = f"{failure.getErrorMessage()} {hint}"
        self.stop()

    # Connections

    def create_application(
        self, protocol: Any, scope: MutableMapping[str, Any]
    ) -> "asyncio.Queue[Any] | None":
        """Create an application as Daphne does. Offer a WebSocket its direct transport."""
        if isinstance(protocol, HubbubWebSocketProtocol):
            scope["extensions"] = {FRAMES_EXTENSION: {"transport": protocol.direct_transport}}
        queue = super().create_application(protocol, scope)
        application = self.connections[protocol].get("application_instance")
        if application is not None:
            application.add_done_callback(lambda _: self._to_clean_up.add(protocol))
        return queue  # type: ignore[no-any-return]

    def protocol_disconnected(self, protocol: Any) -> None:
        super().protocol_disconnected(protocol)
        self._to_clean_up.add(protocol)

    def application_checker(self) -> None:
        """Clean up ended connections every second. Stock Daphne looks at all connections."""
        try:
            for protocol in list(self._to_clean_up):
                self._clean_up(protocol)
        finally:
            twisted_loop.call_later(CLEANUP_SECONDS, self.application_checker)

    def _clean_up(self, protocol: Any) -> None:
        details = self.connections.get(protocol, {"disconnected": 0})
        application = details.get("application_instance")
        if application is not None and application.done():
            application = details.pop("application_instance")
            self._report_failure(protocol, application)
            application = None
        if "disconnected" not in details:
            self._to_clean_up.discard(protocol)  # an attached WebSocket needs no application
        elif application is None:
            self._to_clean_up.discard(protocol)
            self.connections.pop(protocol, None)
            if isinstance(protocol, WebRequest) and protocol.transport is None:
                # The request became a WebSocket. Break its reference cycle with its channel.
                protocol.channel = None
        elif time.time() - details["disconnected"] > self.application_close_timeout:
            application.cancel()

    def _report_failure(self, protocol: Any, application: "asyncio.Future[None]") -> None:
        if application.cancelled() or (error := application.exception()) is None:
            return
        logger.error("Exception inside application: %s", error, exc_info=error)
        if "disconnected" not in self.connections[protocol]:
            try:
                protocol.handle_exception(error)
            except Exception:  # Daphne cannot send an error once the response has started
                logger.exception("Could not send an error response.")

    def timeout_checker(self) -> None:
        """Check timeouts every two seconds, in slices: 10,000 at once would stall the loop."""
        in_slices(self.connections, _check_timeouts, self._schedule_timeout_check)

    def _schedule_timeout_check(self) -> None:
        twisted_loop.call_later(TIMEOUT_CHECK_SECONDS, self.timeout_checker)

    # Shutdown

    def _shut_down(self, seconds: float) -> None:
        """Start a drain.

        On a second signal, exit immediately, which loses no more than a crash does.
        """
        if self._shutdown is not None:
            # Cancelling the drain would not be enough: if both signals arrived together, the drain
            # has not started, and a task that is cancelled before its first step never stops the
            # server.
            _exit_process(1)
        self._shutdown = twisted_loop.create_task(self._drain(seconds))

    async def _drain(self, seconds: float) -> None:
        try:
            for port in self._ports:
                stop_listening(port)
            self._drained = await drain(this_replica(), seconds, self._is_idle)
        finally:
            self.stop()

    def _is_idle(self) -> bool:
        """Whether nothing is being served. A connection that has sent no request does not count."""
        attached = any(
            isinstance(each, HubbubWebSocketProtocol) and each.is_attached
            for each in self.connections
        )
        return not attached and not self._running_applications()

    def _running_applications(self) -> list["asyncio.Future[None]"]:
        # A connection without a complete request has no application yet.
        applications = [each.get("application_instance") for each in self.connections.values()]
        return [each for each in applications if each is not None and not each.done()]

    async def handle_reply(self, protocol: Any, message: MutableMapping[str, Any]) -> None:
        is_start = message.get("type") == "http.response.start"
        if self._shutdown is not None and is_start and isinstance(protocol, WebRequest):
            _disable_keep_alive(protocol, message)
        await super().handle_reply(protocol, message)

    def kill_all_applications(self) -> "Deferred[Any]":
        """Cancel the applications that the drain left.

        Stock Daphne's method raises KeyError if a request is incomplete.
        """
        applications = self._running_applications()
        for application in applications:
            application.cancel()
        return Deferred.fromFuture(asyncio.ensure_future(_wait_for(applications)))


def _check_timeouts(protocols: Iterable[Any]) -> None:
    for protocol in protocols:
        try:
            protocol.check_timeouts()
        except Exception:  # an error must not keep the other connections from being checked
            logger.exception("Could not check the timeouts of a connection.")


def _disable_keep_alive(request: Any, message: MutableMapping[str, Any]) -> None:
    """Make the client open a new connection, to another replica, for its next request."""
    message["headers"] = [*message.get("headers", ()), (b"connection", b"close")]
    if request.channel is not None:
        request.channel.persistent = False


async def _wait_for(applications: list["asyncio.Future[None]"]) -> None:
    if applications:
        await asyncio.wait(applications, timeout=CANCEL_SECONDS)


def _exit_process(status: int) -> NoReturn:
    """Exit without waiting for threads: a thread that waits for a hung database would never end."""
    logging.shutdown()
    sys.stdout.flush()
    sys.stderr.flush()
    os._exit(status)
