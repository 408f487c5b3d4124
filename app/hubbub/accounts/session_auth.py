"""Authenticates many sessions together, for WebSocket handshakes and revalidation.

The result is the same as that of `django.contrib.auth.get_user` for each session, but one query
reads all sessions, and nothing is written: a handshake cannot set a cookie, so it must not rotate a
session's key. A claim alone proves nothing, because a session ends when its user's password
changes. Check each claim with `claim_is_valid`.
"""

from collections.abc import Collection
from itertools import chain
from typing import Any, NamedTuple

from django.conf import settings
from django.contrib.auth import BACKEND_SESSION_KEY, HASH_SESSION_KEY, SESSION_KEY
from django.contrib.sessions.backends.db import SessionStore
from django.contrib.sessions.models import Session
from django.utils import timezone
from django.utils.crypto import constant_time_compare

from hubbub.accounts.models import User


class SessionClaim(NamedTuple):
    """The user that a session names, and the hash of the password when the session started."""

    user_id: int
    auth_hash: str


def read_session_claims(session_keys: Collection[str]) -> dict[str, SessionClaim]:
    """Return the claims of sessions by their session keys. This makes one query.

    Sessions that are expired, unreadable or without a user are left out.
    """
    valid = Session.objects.filter(session_key__in=session_keys, expire_date__gt=timezone.now())
    decode = SessionStore().decode
    claims = {key: _claim(decode(data)) for key, data in valid.values_list("pk", "session_data")}
    return {key: claim for key, claim in claims.items() if claim is not None}


def claim_is_valid(claim: SessionClaim, user: User) -> bool:
    """Return whether the session was started with the user's current password."""
    hashes = chain([user.get_session_auth_hash()], user.get_session_auth_fallback_hash())
    return any(constant_time_compare(claim.auth_hash, each) for each in hashes)


def _claim(data: dict[str, Any]) -> SessionClaim | None:
    if data.get(BACKEND_SESSION_KEY) not in settings.AUTHENTICATION_BACKENDS:
        return None
    try:
        return SessionClaim(int(data[SESSION_KEY]), str(data[HASH_SESSION_KEY]))
    except (KeyError, ValueError):
        return None
