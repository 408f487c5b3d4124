"""The doctor's two hidden accounts, signed in for one run of the checks only."""

from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from datetime import timedelta

from django.conf import settings

from hubbub.accounts.models import User
from hubbub.accounts.sessions import create_session
from hubbub.chat.actions import doctor_accounts, users

# The sessions expire soon in case the doctor is killed and cannot sign the accounts out.
SESSION_SECONDS = 600
# How old a message must be to be removed. Messages of another run that is still under way must
# stay.
KEEP = timedelta(hours=1)


@dataclass(frozen=True, slots=True)
class SignedInAccounts:
    users: tuple[User, User]
    cookies: tuple[str, str]
    room: int


@contextmanager
def signed_in_accounts() -> Iterator[SignedInAccounts]:
    """Sign both accounts in until the `with` block ends; remove old messages of earlier runs."""
    pair = doctor_accounts.get_or_create_users()
    room = doctor_accounts.open_room(*pair)
    doctor_accounts.prune_messages(pair[0], room_id=room.pk, older_than=KEEP)
    with ExitStack() as sessions:
        first, second = (_signed_in(user, sessions) for user in pair)
        yield SignedInAccounts(pair, (first, second), room.pk)


def _signed_in(user: User, sessions: ExitStack) -> str:
    """Return a session cookie that is valid until `sessions` is closed."""
    key = create_session(user, SESSION_SECONDS)
    sessions.callback(users.sign_out, user, session_key=key)
    return f"{settings.SESSION_COOKIE_NAME}={key}"
