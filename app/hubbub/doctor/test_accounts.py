"""The doctor's two people as they come to a deployment: signed in for one examination only."""

from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from datetime import timedelta

from django.conf import settings

from hubbub.accounts.models import User
from hubbub.accounts.sessions import sign_in
from hubbub.chat.actions import doctor_accounts, users

# Should the doctor be killed, nobody can use the sessions for long.
SESSION_SECONDS = 600
# What another examination says at the same time must stay.
KEPT = timedelta(hours=1)


@dataclass(frozen=True, slots=True)
class TestAccounts:
    users: tuple[User, User]
    cookies: tuple[str, str]
    room: int


@contextmanager
def signed_in_accounts() -> Iterator[TestAccounts]:
    """Sign the two in, until the end; sweep up behind earlier examinations."""
    pair = doctor_accounts.hidden_pair()
    room = doctor_accounts.hidden_room(*pair)
    doctor_accounts.forget(pair[0], room_id=room.pk, older_than=KEPT)
    with ExitStack() as sessions:
        first, second = (_signed_in(person, sessions) for person in pair)
        yield TestAccounts(pair, (first, second), room.pk)


def _signed_in(person: User, sessions: ExitStack) -> str:
    """Return a cookie that is worth nothing once the stack is closed."""
    key = sign_in(person, SESSION_SECONDS)
    sessions.callback(users.sign_out, person, session_key=key)
    return f"{settings.SESSION_COOKIE_NAME}={key}"
