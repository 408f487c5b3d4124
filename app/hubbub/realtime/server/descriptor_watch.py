"""Warns once when no file descriptor is left (EMFILE, ENFILE), and prevents a busy loop.

In this case Twisted's `tcp.Port.doRead` closes a descriptor that it reserves, accepts each waiting
client and closes it at once (`tcp._accept`), which makes nginx try another replica. Twisted logs
this only at level info. If the reserved descriptor is lost, or the system has none left, `doRead`
accepts nothing and the reactor calls it again without end. This module adds a warning, and pauses
as asyncio does (`selector_events.ACCEPT_RETRY_DELAY`).
"""

import errno
import logging
import math
import os
import time
from typing import Any

from hubbub.open_files import soft_limit

NO_DESCRIPTOR = {errno.EMFILE, errno.ENFILE}
# After this many refused clients or failed attempts, the port accepts nothing for a moment.
ATTEMPTS, PAUSE_SECONDS = 100, 0.1
# At the limit, clients still come and go, so an outage is over only after this time without a
# refusal.
OUTAGE_ENDS_SECONDS = 60.0

logger = logging.getLogger(__name__)


class DescriptorWatch:
    """Watches the ports of one server. It warns once per outage."""

    def __init__(self) -> None:
        self._last_seen = -math.inf
        self._attempts = 0

    def watch(self, port: Any) -> None:
        """Check after each accept of a listening Twisted port whether a descriptor is left."""
        accept = port.doRead

        def accept_and_check() -> None:
            accept()
            if (error := _missing_descriptor()) is not None:
                self._warn(error)
                self._pause_now_and_then(port)

        port.doRead = accept_and_check

    def _warn(self, error: OSError) -> None:
        now = time.monotonic()
        if now - self._last_seen > OUTAGE_ENDS_SECONDS:
            logger.warning(
                "No file descriptor is left for new connections (%s; limit %d): they are refused. "
                "Raise the hard limit (LimitNOFILE in systemd, --ulimit nofile in Docker) or the "
                "system's fs.file-max, or add replicas.",
                error.strerror,
                soft_limit(),
            )
        self._last_seen = now

    def _pause_now_and_then(self, port: Any) -> None:
        self._attempts += 1
        if self._attempts % ATTEMPTS == 0:
            port.stopReading()
            port.reactor.callLater(PAUSE_SECONDS, _resume, port)


def _resume(port: Any) -> None:
    if port.connected and not port.disconnecting:
        port.startReading()


def _missing_descriptor() -> OSError | None:
    """Return the error if no descriptor is left, or None. This takes a few microseconds."""
    try:
        os.close(os.open(os.devnull, os.O_RDONLY | os.O_CLOEXEC))
    except OSError as error:
        return error if error.errno in NO_DESCRIPTOR else None
    return None
