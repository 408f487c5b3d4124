"""Who is at the other end of a handshake: a session's cookie or a bearer token, read from rows."""

from collections.abc import Iterable

from django.conf import settings
from django.contrib.auth import get_user
from django.contrib.sessions.backends.db import SessionStore
from django.http import HttpRequest, parse_cookie

from hubbub.accounts.bearer import person_of
from hubbub.accounts.models import User
from hubbub.chat.models import Membership
from hubbub.realtime.connection import Identity
from hubbub.realtime.protocol import BANNED, SIGNED_OUT

Headers = dict[str, str]


class NotAdmitted(Exception):
    """The person may not come in; `code` is the close code that says why."""

    def __init__(self, code: int) -> None:
        super().__init__(code)
        self.code = code


def headers_of(raw: Iterable[tuple[bytes, bytes]]) -> Headers:
    return {name.decode("latin1").lower(): value.decode("latin1") for name, value in raw}


def bearer_secret(headers: Headers) -> str | None:
    scheme, _, secret = headers.get("authorization", "").partition(" ")
    return secret.strip() if scheme.lower() == "bearer" and secret.strip() else None


def identify(headers: Headers) -> Identity:
    """Return whom the handshake proves to be. Raises NotAdmitted, and the database's errors."""
    secret = bearer_secret(headers)
    session_key = None if secret else _session_key(headers)
    user, token_id = _bearer(secret) if secret else (_session_user(session_key), None)
    if not user.is_active:
        raise NotAdmitted(SIGNED_OUT)
    if user.banned_at is not None:
        raise NotAdmitted(BANNED)
    rooms = Membership.objects.filter(user=user)
    return Identity(user, session_key, token_id, dict(rooms.values_list("room_id", "room__seq")))


def _bearer(secret: str) -> tuple[User, int]:
    found = person_of(secret)
    if found is None:
        raise NotAdmitted(SIGNED_OUT)
    user, token = found
    return user, token.pk


def _session_key(headers: Headers) -> str | None:
    key = parse_cookie(headers.get("cookie", "")).get(settings.SESSION_COOKIE_NAME, "")
    return key if key.isascii() and key.isalnum() else None


def _session_user(session_key: str | None) -> User:
    request = HttpRequest()
    request.session = SessionStore(session_key)
    user = get_user(request)  # checks the password's hash in the session, too
    if session_key is None or not isinstance(user, User):
        raise NotAdmitted(SIGNED_OUT)
    return user
