"""Sessions begun without a password: of people who are made by commands.

Called by `seed` and `doctor`. Whoever has a session's key is that person.
"""

from importlib import import_module

from django.conf import settings
from django.contrib.auth import BACKEND_SESSION_KEY, HASH_SESSION_KEY, SESSION_KEY

from hubbub.accounts.models import User


def create_session(person: User, seconds: int | None = None) -> str:
    """Return the key of a new session, as if the person had signed in.

    It is valid for `seconds`; None: for as long as anybody's.
    """
    session = import_module(settings.SESSION_ENGINE).SessionStore()
    session[SESSION_KEY] = str(person.pk)
    session[BACKEND_SESSION_KEY] = settings.AUTHENTICATION_BACKENDS[0]
    session[HASH_SESSION_KEY] = person.get_session_auth_hash()
    if seconds is not None:
        session.set_expiry(seconds)
    session.create()
    return str(session.session_key)
