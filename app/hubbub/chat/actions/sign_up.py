"""Adds new users to the lobby. On the embedded default, makes the first user the owner.

Called by `chat.signals` for every new account, whether it signed up or was created by a command.
"""

from django.conf import settings
from django.db import transaction

from hubbub.accounts.models import User
from hubbub.chat.actions.members import add_member
from hubbub.chat.actions.room_lock import limit_lock_time
from hubbub.chat.actions.users import make_workspace_owner
from hubbub.chat.models import Membership, Room


@transaction.atomic
def set_up_user(user: User) -> None:
    """Add a new user to the lobby. On the embedded default, the first user owns the workspace.

    Called once for every new user, however the account was created. Hidden users stay outside the
    lobby. The lobby's lock ensures that of two users who sign up at the same moment only one
    becomes owner.
    """
    if user.hidden:
        return
    limit_lock_time()
    lobby = Room.objects.lock_lobby()
    if Membership.objects.filter(room=lobby, user=user).exists():
        return
    if settings.EMBEDDED and not User.objects.filter(is_superuser=True).exists():
        make_workspace_owner(user)
    role = Membership.Role.OWNER if user.is_owner else Membership.Role.MEMBER
    add_member(lobby, user, actor=user, role=role)
