"""Who a bearer token speaks for: asked by the REST and the WebSocket door at each handshake.

Only usable tokens answer: not revoked, of a person who is neither banned nor deactivated. The time
of last use is written at most once a minute, so a busy bot costs no write on each request.
"""

from collections.abc import Collection, Iterable
from datetime import timedelta

from django.db import transaction
from django.db.models import Q
from django.utils import timezone

from hubbub.accounts.models import Token, User

USE_WRITTEN_EVERY = timedelta(minutes=1)


def authenticate_token(secret: str) -> tuple[User, Token] | None:
    """Return the person and the token of `secret`, or None where it opens nothing."""
    token = Token.objects.usable().matching(secret).select_related("user").first()
    if token is None:
        return None
    _note_use([token])
    return token.user, token


def usable_tokens(digests: Collection[str]) -> dict[str, Token]:
    """Return the usable tokens by the digests of their secrets, in one statement."""
    tokens = {token.digest: token for token in Token.objects.usable().filter(digest__in=digests)}
    _note_use(tokens.values())
    return tokens


def _note_use(tokens: Iterable[Token]) -> None:
    now = timezone.now()
    due = now - USE_WRITTEN_EVERY
    unnoted = [each for each in tokens if each.last_used_at is None or each.last_used_at <= due]
    if not unnoted:
        return
    # The condition again in the database: of many replicas one writes. Rows that another locks are
    # being written there; waiting for several of them could end in a deadlock.
    stale = Q(last_used_at=None) | Q(last_used_at__lte=due)
    free = Token.objects.select_for_update(skip_locked=True)
    with transaction.atomic():
        ids = list(
            free.filter(stale, pk__in=[each.pk for each in unnoted]).values_list("pk", flat=True)
        )
        Token.objects.filter(pk__in=ids).update(last_used_at=now)
    for token in unnoted:
        token.last_used_at = now
