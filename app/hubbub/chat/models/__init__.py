"""The models of the domain, each in its own file. Import them from here."""

from hubbub.chat.models.event import Event, WorkspaceEvent
from hubbub.chat.models.membership import Membership
from hubbub.chat.models.message import Message
from hubbub.chat.models.room import Room
from hubbub.chat.models.workspace import Workspace

__all__ = ["Event", "Membership", "Message", "Room", "Workspace", "WorkspaceEvent"]
