"""Authenticates bearer tokens, for REST requests and WebSocket handshakes.

A token is usable if it is not revoked and its user is neither banned nor deactivated. The time when
a token was last used is written at most once a minute, so a busy bot does not cause a write on each
request.
"""

from collections.abc import Collection, Iterable
from datetime import timedelta

from django.db import transaction
from django.db.models import Q
from django.utils import timezone

from hubbub.accounts.models import Token, User

LAST_USE_RESOLUTION = timedelta(minutes=1)


def authenticate_token(secret: str) -> tuple[User, Token] | None:
    """Return the token with this secret and its user, or None if no such token is usable."""
    token = Token.objects.usable().matching(secret).select_related("user").first()
    if token is None:
        return None
    _record_use([token])
    return token.user, token


def usable_tokens(digests: Collection[str]) -> dict[str, Token]:
    """Return those of the tokens that are usable, by the digests of their secrets."""
    tokens = {token.digest: token for token in Token.objects.usable().filter(digest__in=digests)}
    _record_use(tokens.values())
    return tokens


def _record_use(tokens: Iterable[Token]) -> None:
    now = timezone.now()
    due = now - LAST_USE_RESOLUTION
    unrecorded = [each for each in tokens if each.last_used_at is None or each.last_used_at <= due]
    if not unrecorded:
        return
    # The database checks the condition again, so that only one of many replicas writes. If a row is
    # locked, another replica is writing it: skip it, because waiting for several locks could
    # deadlock.
    stale = Q(last_used_at=None) | Q(last_used_at__lte=due)
    unlocked = Token.objects.select_for_update(no_key=True, skip_locked=True)
    with transaction.atomic():
        ids = list(
            unlocked.filter(stale, pk__in=[each.pk for each in unrecorded]).values_list(
                "pk", flat=True
            )
        )
        Token.objects.filter(pk__in=ids).update(last_used_at=now)
    for token in unrecorded:
        token.last_used_at = now
