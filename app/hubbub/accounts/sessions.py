"""Creates sessions without a password, for users that commands create.

Called by `seed` and `doctor`. Anyone who has a session's key can act as its user.
"""

from importlib import import_module

from django.conf import settings
from django.contrib.auth import BACKEND_SESSION_KEY, HASH_SESSION_KEY, SESSION_KEY

from hubbub.accounts.models import User


def create_session(user: User, seconds: int | None = None) -> str:
    """Return the key of a new session, as if the user had signed in.

    The session expires after `seconds`. If `seconds` is None, it expires like all other sessions
    (SESSION_COOKIE_AGE).
    """
    session = import_module(settings.SESSION_ENGINE).SessionStore()
    session[SESSION_KEY] = str(user.pk)
    session[BACKEND_SESSION_KEY] = settings.AUTHENTICATION_BACKENDS[0]
    session[HASH_SESSION_KEY] = user.get_session_auth_hash()
    if seconds is not None:
        session.set_expiry(seconds)
    session.create()
    return str(session.session_key)
