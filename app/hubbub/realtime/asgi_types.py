"""Types for the three arguments of an ASGI application: `scope`, `receive` and `send`.

The endpoint, the transports and `http` use them.
"""

from collections.abc import Awaitable, Callable, MutableMapping
from typing import Any, TypeAlias

AsgiMessage: TypeAlias = MutableMapping[str, Any]
Scope: TypeAlias = MutableMapping[str, Any]
Receive: TypeAlias = Callable[[], Awaitable[AsgiMessage]]
Send: TypeAlias = Callable[[AsgiMessage], Awaitable[None]]
# The arguments are `Any`, since Django's handler and Channels' router describe them differently.
Application: TypeAlias = Callable[[Any, Any, Any], Awaitable[None]]
