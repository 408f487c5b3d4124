"""The types of ASGI's three arguments, as the endpoint, the transports and `http` use them."""

from collections.abc import Awaitable, Callable, MutableMapping
from typing import Any, TypeAlias

AsgiMessage: TypeAlias = MutableMapping[str, Any]
Scope: TypeAlias = MutableMapping[str, Any]
Receive: TypeAlias = Callable[[], Awaitable[AsgiMessage]]
Send: TypeAlias = Callable[[AsgiMessage], Awaitable[None]]
# Any: Django's handler and Channels' router each describe the same three arguments differently.
Application: TypeAlias = Callable[[Any, Any, Any], Awaitable[None]]
