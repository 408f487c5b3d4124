"""One WebSocket of one user, as the replica's hub knows it.

Writes never wait and never raise. A connection whose client reads too slowly is aborted; the client
reconnects and resumes.
"""

import asyncio
import logging
import random
import secrets
from collections.abc import Coroutine
from dataclasses import dataclass, field
from typing import Any

from hubbub.accounts.models import User, digest_of
from hubbub.observability import metrics
from hubbub.realtime.connections.slow_readers import is_slow_reader
from hubbub.realtime.connections.transport import Transport
from hubbub.realtime.protocol import close_codes
from hubbub.realtime.protocol.json_frames import frame
from hubbub.realtime.protocol.websocket_frames import FrameBatch, text_batch

logger = logging.getLogger(__name__)

# The maximum random delay before a reconnect. It spreads clients that are closed at the same
# moment.
MAX_RETRY_AFTER_MS = 1_000


@dataclass(frozen=True, slots=True)
class Identity:
    """The user that a handshake authenticated, by a session or by a bearer token."""

    user: User
    session_key: str | None
    token_id: int | None
    rooms: dict[int, int]  # the user's rooms: id -> last seq

    @property
    def session_digest(self) -> str | None:
        """The digest that identifies the session in the workspace log."""
        return digest_of(self.session_key) if self.session_key else None


@dataclass(slots=True)
class ScheduledClose:
    """A close at a set time: first `goodbye`, then the close after a grace period."""

    code: int
    at: float  # monotonic: when to send `goodbye`, and after that when to close
    grace_seconds: float
    goodbye_sent: bool = False


@dataclass(eq=False, slots=True)
class Connection:
    transport: Transport
    identity: Identity
    id: str = field(default_factory=lambda: secrets.token_hex(8))
    rooms: set[int] = field(default_factory=set)  # subscribed rooms
    # Rooms whose own log has caused `room.removed`: the workspace log must not send it again.
    removal_sent: set[int] = field(default_factory=set)
    closed: bool = False
    scheduled_close: ScheduledClose | None = None
    # Subscribes and unsubscribes run one at a time, in order. The count includes the one that runs.
    subscription_lock: asyncio.Lock = field(default_factory=asyncio.Lock)
    subscription_commands: int = 0
    _tasks: set[asyncio.Task[None]] = field(default_factory=set)

    @property
    def user_id(self) -> int:
        return self.identity.user.pk

    @property
    def name(self) -> str:
        return str(self.identity.user)

    @property
    def is_busy(self) -> bool:
        """Whether a command is running."""
        return bool(self._tasks)

    @property
    def goodbye_sent(self) -> bool:
        """Whether the client was asked to reconnect.

        If so, its next connection may already be open.
        """
        return self.scheduled_close is not None and self.scheduled_close.goodbye_sent

    def write(self, text: str) -> None:
        """Send a frame to this connection only. Otherwise this is like `write_batch`."""
        self.write_batch(text_batch(text))

    def write_batch(self, batch: FrameBatch) -> None:
        """Send frames. Abort the connection if its client is a slow reader.

        The same batch can go to many connections. Never raises, so that the others get it, too.
        """
        try:
            # Usually nothing is buffered.
            if (buffered := self.transport.write(batch)) and is_slow_reader(buffered):
                self.abort()
        except Exception:
            logger.exception("Could not write to a connection; aborting it.")
            # The connection missed a frame, so its client has to resume.
            self.abort(close_codes.TRY_AGAIN)

    def abort(self, code: int = close_codes.SLOW_READER) -> None:
        """Abort the connection without a close frame. The metrics count it under `code`.

        A close frame would have to wait behind the unread data.
        """
        if not self.closed:
            self.closed = True
            self.transport.abort()
            metrics.connections_closed.labels(code).inc()

    def close(self, code: int) -> None:
        """Close with a close frame; the endpoint then removes the connection from the hub."""
        if not self.closed:
            self.closed = True
            self.transport.close(code)
            metrics.connections_closed.labels(code).inc()

    def send_goodbye(self, code: int) -> None:
        """Ask the client to open its next connection; this one will be closed with `code`."""
        self.write(goodbye_frame(code))

    def spawn(self, work: Coroutine[Any, Any, None]) -> "asyncio.Task[None]":
        """Run a command's work in a task that is cancelled when the connection ends."""
        task = asyncio.get_running_loop().create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)
        return task

    def cancel_tasks(self) -> None:
        for task in list(self._tasks):
            task.cancel()


def goodbye_frame(code: int) -> str:
    """Return the frame to send before a close with `code`."""
    retry_after_ms = random.randint(0, MAX_RETRY_AFTER_MS)  # noqa: S311
    return frame("goodbye", code=code, retry_after_ms=retry_after_ms)
