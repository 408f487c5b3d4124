"""One socket of one person, as its replica's hub knows it."""

import asyncio
import logging
import random
import secrets
from collections.abc import Coroutine
from dataclasses import dataclass, field
from typing import Any, Final

from django.conf import settings

from hubbub.accounts.models import User, digest_of
from hubbub.chat.rate_limits import Bucket
from hubbub.observability import metrics
from hubbub.realtime.connections.transport import Transport
from hubbub.realtime.protocol import close_codes
from hubbub.realtime.protocol.messages import frame
from hubbub.realtime.protocol.websocket_frames import FrameBatch

logger = logging.getLogger(__name__)

# Asked for at every delivery, Django's lazy settings would cost a twentieth of it.
MAX_BUFFERED_BYTES: Final[int] = settings.MAX_BUFFERED_BYTES
# Those who are sent away at the same moment come back at different ones.
RETRY_MAX_MS = 1_000


@dataclass(frozen=True, slots=True)
class Identity:
    """Whom a handshake proved to be, by a session or by a bearer token."""

    user: User
    session_key: str | None
    token_id: int | None
    rooms: dict[int, int]  # the rooms that the person is in: their last seq

    @property
    def session_digest(self) -> str | None:
        """The name by which the place's log knows the session."""
        return digest_of(self.session_key) if self.session_key else None


@dataclass(slots=True)
class ScheduledClose:
    """When (monotonic) a socket is told to go elsewhere; once that is said, when it is closed."""

    code: int
    at: float
    grace: float  # seconds from the one to the other
    goodbye_sent: bool = False


@dataclass(eq=False, slots=True)
class Connection:
    transport: Transport
    identity: Identity
    id: str = field(default_factory=lambda: secrets.token_hex(8))
    rooms: set[int] = field(default_factory=set)  # subscribed
    # Rooms whose `room.removed` this socket has had from the feed, before the place's log told.
    removal_sent: set[int] = field(default_factory=set)
    bad_frames: int = 0
    closed: bool = False
    scheduled_close: ScheduledClose | None = None
    _tasks: set[asyncio.Task[None]] = field(default_factory=set)
    # One subscribe at a time, in the order they came; how many of them there are.
    subscribing: asyncio.Lock = field(default_factory=asyncio.Lock)
    in_turn: int = 0
    _refusals: Bucket | None = None  # most sockets never need one

    @property
    def user_id(self) -> int:
        return self.identity.user.pk

    @property
    def name(self) -> str:
        return str(self.identity.user)

    @property
    def busy(self) -> bool:
        """Whether a command is being carried out."""
        return bool(self._tasks)

    @property
    def goodbye_sent(self) -> bool:
        """Whether it was told to go elsewhere, where its next socket may be open already."""
        return self.scheduled_close is not None and self.scheduled_close.goodbye_sent

    def write(self, text: str) -> None:
        """Send a frame to this socket alone. It is dropped when too much waits already."""
        if self.transport.write(text) > MAX_BUFFERED_BYTES:
            self.abort()

    def write_batch(self, batch: FrameBatch) -> None:
        """Send frames that others get, too; otherwise as `write`. Never raises: they come next."""
        try:
            if self.transport.write_batch(batch) > MAX_BUFFERED_BYTES:
                self.abort()
        except Exception:
            logger.exception("A socket could not be written to, and is cut off.")
            self.abort(close_codes.TRY_AGAIN)  # it lacks a frame now: it comes again, and resumes

    def abort(self, code: int = close_codes.SLOW_READER) -> None:
        """Cut off who does not read. A close frame would wait behind all that is not read."""
        if not self.closed:
            self.closed = True
            self.transport.abort()
            metrics.connections_closed.labels(code).inc()

    def close(self, code: int) -> None:
        """Close on purpose; the consumer then drops the connection from the hub."""
        if not self.closed:
            self.closed = True
            self.transport.close(code)
            metrics.connections_closed.labels(code).inc()

    def floods(self, now: float) -> bool:
        """Count a frame that was refused at once; True when there are far too many of them."""
        if self._refusals is None:
            burst = float(settings.MAX_REFUSED_COMMANDS)
            self._refusals = Bucket(burst, settings.COMMANDS_PER_SECOND, burst, now)
        return self._refusals.take(now) > 0

    def say_goodbye(self, code: int) -> None:
        """Tell the client to open its next socket; this one is closed with `code` soon."""
        self.write(goodbye(code))

    def spawn(self, work: Coroutine[Any, Any, None]) -> "asyncio.Task[None]":
        """Run what a command waits for beside the commands that follow; ends with the socket."""
        task = asyncio.get_running_loop().create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)
        return task

    def cancel_tasks(self) -> None:
        for task in list(self._tasks):
            task.cancel()


def goodbye(code: int) -> str:
    """Return the frame that is sent before a close with `code`."""
    return frame("goodbye", code=code, retry_after_ms=random.randint(0, RETRY_MAX_MS))  # noqa: S311
