"""What nobody can use any more and what may therefore go: sessions that expired, revoked tokens.

Called by `manage.py prune`. Nothing here ends anything: it is over already, and a row less changes
nothing for anybody.
"""

from collections.abc import Iterator
from datetime import timedelta
from typing import Any

from django.contrib.sessions.models import Session
from django.db.models import QuerySet
from django.utils import timezone

from hubbub.accounts.models import Token

# Each batch is a transaction of its own: nobody waits for a long one, and one that fails loses none
# of the others.
BATCH_ROWS = 1_000


def expired_sessions() -> QuerySet[Session]:
    return Session.objects.filter(expire_date__lt=timezone.now())


def revoked_tokens(days: int) -> QuerySet[Token]:
    """Return the tokens revoked more than so many days ago: until then operators see them."""
    return Token.objects.filter(revoked_at__lt=timezone.now() - timedelta(days=days))


def remove(rows: QuerySet[Any], batch_rows: int = BATCH_ROWS) -> Iterator[int]:
    """Delete rows in small batches; yield how many each has removed."""
    while keys := list(rows.values_list("pk", flat=True)[:batch_rows]):
        yield rows.filter(pk__in=keys).delete()[0]
