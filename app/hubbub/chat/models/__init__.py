"""The domain's nouns, one file each; import them from here."""

from hubbub.chat.models.event import Event, PlaceEvent
from hubbub.chat.models.membership import Membership
from hubbub.chat.models.message import Message
from hubbub.chat.models.room import Room
from hubbub.chat.models.workspace import Place

__all__ = ["Event", "Membership", "Message", "Place", "PlaceEvent", "Room"]
