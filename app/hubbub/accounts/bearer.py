"""Who a bearer token speaks for: asked by the REST and the WebSocket door at each handshake.

Only usable tokens answer: not revoked, of a person who is neither banned nor deactivated. The time
of last use is written at most once a minute, so a busy bot costs no write on each request.
"""

from datetime import timedelta

from django.db.models import Q
from django.utils import timezone

from hubbub.accounts.models import Token, User

USE_WRITTEN_EVERY = timedelta(minutes=1)


def person_of(secret: str) -> tuple[User, Token] | None:
    """Return the person and the token of `secret`, or None where it opens nothing."""
    token = Token.objects.usable().matching(secret).select_related("user").first()
    if token is None:
        return None
    _note_use(token)
    return token.user, token


def _note_use(token: Token) -> None:
    now = timezone.now()
    due = now - USE_WRITTEN_EVERY
    if token.last_used_at is not None and token.last_used_at > due:
        return
    # The condition again in the database: of many replicas one writes.
    stale = Q(last_used_at=None) | Q(last_used_at__lte=due)
    Token.objects.filter(stale, pk=token.pk).update(last_used_at=now)
    token.last_used_at = now
