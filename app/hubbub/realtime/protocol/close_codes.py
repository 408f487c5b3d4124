"""The codes that the server closes a WebSocket with; `docs/protocol.md` says how clients react.

A client that gets a code from 4000 to 4499 reconnects; from 4500 on it does not.
"""

from typing import Final

DRAINING: Final = 4001
SLOW_READER: Final = 4002
PING_TIMEOUT: Final = 4003
EXPIRED: Final = 4004
TRY_AGAIN: Final = 4005
FLOODING: Final = 4006
BAD_FRAMES: Final = 4500
SIGNED_OUT: Final = 4501
BANNED: Final = 4502
UNSUPPORTED_VERSION: Final = 4503
TOO_MANY_CONNECTIONS: Final = 4504
