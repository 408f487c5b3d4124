"""Django's admin for the place's owners: a door, whose every change is one of `chat.actions`.

Only what is registered here is there. It shows no body of a message, anywhere, and nobody adds or
deletes rows by it: the log would not know.
"""

from hubbub.chat.admin import messages, rooms, users
from hubbub.chat.admin.site import site

__all__ = ["messages", "rooms", "site", "users"]
