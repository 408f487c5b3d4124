"""The Django admin, an entry point for owners of the workspace. It changes rows through actions.

It contains only the models registered here. It never shows the text of a message, and rows cannot
be added or deleted in it, since that would record no event.
"""

from hubbub.chat.admin import messages, rooms, users
from hubbub.chat.admin.site import site

__all__ = ["messages", "rooms", "site", "users"]
