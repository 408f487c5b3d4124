"""Keeps a user present in a room for a moment after their connection has gone.

Most clients reconnect immediately: the page was reloaded, or a replica drains. Their users should
not appear offline in between. `delivery.local_rooms` calls this when a subscription ends.
"""

import asyncio
from collections.abc import Callable

from django.conf import settings

from hubbub.realtime.presence.presence import Presence


def leave_now(presence: Presence, user_id: int, on_left: Callable[[], None]) -> None:
    """Remove a connection; call `on_left` if it was the user's last one."""
    if presence.disconnect(user_id):
        on_left()


def leave_after_linger(presence: Presence, user_id: int, on_left: Callable[[], None]) -> None:
    """Do the same as `leave_now`, but after PRESENCE_LINGER_SECONDS.

    If the user has opened another connection by then, it keeps them present.
    """
    loop = asyncio.get_running_loop()
    loop.call_later(settings.PRESENCE_LINGER_SECONDS, leave_now, presence, user_id, on_left)
