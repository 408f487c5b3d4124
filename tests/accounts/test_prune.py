"""`manage.py prune` removes only rows that can no longer be used."""

from datetime import timedelta
from io import StringIO

import pytest
from django.contrib.sessions.models import Session
from django.core.management import CommandError, call_command
from django.utils import timezone
from pytest_django import DjangoAssertNumQueries

from hubbub.accounts import pruning
from hubbub.accounts.models import Token, User
from hubbub.accounts.sessions import create_session
from hubbub.chat.actions import users


def prune(*arguments: str) -> list[str]:
    out = StringIO()
    call_command("prune", *arguments, stdout=out)
    return out.getvalue().splitlines()


def revoke(token: Token, days_ago: int) -> None:
    users.revoke_token(token.user, token_id=token.pk)
    Token.objects.filter(pk=token.pk).update(revoked_at=timezone.now() - timedelta(days=days_ago))


@pytest.fixture
def expired(bob: User) -> str:
    return create_session(bob, seconds=-60)


def test_expired_sessions_are_removed_and_valid_ones_stay(bob: User, expired: str) -> None:
    kept = create_session(bob)
    assert prune()[0] == "Expired sessions: 1 removed."
    assert [session.session_key for session in Session.objects.all()] == [kept]


def test_tokens_are_removed_a_month_after_they_were_revoked(bob: User) -> None:
    used, fresh, old = (Token.create(bob, name)[0] for name in ("used", "fresh", "old"))
    revoke(fresh, days_ago=29)
    revoke(old, days_ago=31)
    assert prune()[1] == "Revoked tokens: 1 removed."
    assert set(Token.objects.all()) == {used, fresh}


def test_the_number_of_days_can_be_set(bob: User) -> None:
    revoke(Token.create(bob, "fresh")[0], days_ago=1)
    assert prune("--token-days", "0")[1] == "Revoked tokens: 1 removed."
    with pytest.raises(CommandError, match="number of days"):
        prune("--token-days", "-1")


def test_a_dry_run_reports_and_removes_nothing(bob: User, expired: str) -> None:
    revoke(Token.create(bob, "old")[0], days_ago=31)
    expected = ["Expired sessions: 1 would be removed.", "Revoked tokens: 1 would be removed."]
    assert prune("--dry-run") == expected
    assert (Session.objects.count(), Token.objects.count()) == (1, 1)


def test_rows_are_removed_in_small_batches(bob: User) -> None:
    for _ in range(5):
        create_session(bob, seconds=-60)
    assert list(pruning.remove(pruning.expired_sessions(), batch_rows=2)) == [2, 2, 1]


def test_nothing_to_remove_takes_one_query_each(
    db: None, django_assert_num_queries: DjangoAssertNumQueries
) -> None:
    with django_assert_num_queries(2):
        assert prune() == ["Expired sessions: 0 removed.", "Revoked tokens: 0 removed."]
