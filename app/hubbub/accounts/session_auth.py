"""Whom sessions speak for, many at once: asked by the WebSocket door at handshakes and rechecks.

The same answer as `django.contrib.auth.get_user` gives for one, without its query for each, and
without its writing: a handshake cannot set a cookie, so it must not give a session a new key.
A claim alone proves nothing: the session is over once its person has another password.
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


class Claim(NamedTuple):
    """Whom a session says it is of, and the hash of the password that it was begun with."""

    user_id: int
    auth_hash: str


def claims_of(session_keys: Collection[str]) -> dict[str, Claim]:
    """Return the claims of sessions by their keys, in one statement.

    Those that are over, unreadable or of nobody are left out.
    """
    valid = Session.objects.filter(session_key__in=session_keys, expire_date__gt=timezone.now())
    decode = SessionStore().decode
    claims = {key: _claim(decode(data)) for key, data in valid.values_list("pk", "session_data")}
    return {key: claim for key, claim in claims.items() if claim is not None}


def proves(claim: Claim, user: User) -> bool:
    """Tell whether the session was begun with the password that the person has now."""
    hashes = chain([user.get_session_auth_hash()], user.get_session_auth_fallback_hash())
    return any(constant_time_compare(claim.auth_hash, each) for each in hashes)


def _claim(facts: dict[str, Any]) -> Claim | None:
    if facts.get(BACKEND_SESSION_KEY) not in settings.AUTHENTICATION_BACKENDS:
        return None
    try:
        return Claim(int(facts[SESSION_KEY]), str(facts[HASH_SESSION_KEY]))
    except (KeyError, ValueError):
        return None
