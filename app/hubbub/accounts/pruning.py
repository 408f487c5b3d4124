"""Finds and deletes rows that can no longer be used: expired sessions and revoked tokens.

Called by `manage.py prune`. Deleting these rows signs out no user: they have already expired or
been revoked.
"""

from collections.abc import Iterator
from datetime import timedelta
from typing import Any

from django.contrib.sessions.models import Session
from django.db.models import QuerySet
from django.utils import timezone

from hubbub.accounts.models import Token

# Each batch is a short transaction of its own, and a failure does not undo earlier batches.
BATCH_ROWS = 1_000


def expired_sessions() -> QuerySet[Session]:
    return Session.objects.filter(expire_date__lt=timezone.now())


def revoked_tokens(days: int) -> QuerySet[Token]:
    """Return tokens revoked more than `days` days ago. Until then, operators can still see them."""
    return Token.objects.filter(revoked_at__lt=timezone.now() - timedelta(days=days))


def remove(rows: QuerySet[Any], batch_rows: int = BATCH_ROWS) -> Iterator[int]:
    """Delete rows in small batches. Yield the number of deleted rows after each batch."""
    while keys := list(rows.values_list("pk", flat=True)[:batch_rows]):
        yield rows.filter(pk__in=keys).delete()[0]
