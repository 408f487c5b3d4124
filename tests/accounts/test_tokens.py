"""A bearer token authenticates its user until it is revoked."""

from datetime import timedelta
from io import StringIO
from typing import Any

import pytest
from django.core.management import CommandError, call_command
from django.utils import timezone
from pytest_django import DjangoAssertNumQueries

from hubbub.accounts.models import Token, User
from hubbub.accounts.token_auth import authenticate_token
from hubbub.chat.actions import users


def run(*args: str) -> str:
    out = StringIO()
    call_command("token", *args, stdout=out, stderr=StringIO())
    return out.getvalue()


def test_a_token_authenticates_its_user(bob: User) -> None:
    token, secret = Token.create(bob, "build server")
    assert authenticate_token(secret) == (bob, token)
    assert authenticate_token(secret[:-1]) is None
    assert authenticate_token("") is None


def test_the_database_does_not_contain_the_secret(bob: User) -> None:
    _, secret = Token.create(bob, "build server")
    assert secret not in str(list(Token.objects.values()))


@pytest.mark.parametrize("end", ["revoke", "ban", "deactivate"])
def test_a_token_ends_when_it_or_its_user_is_disabled(alice: User, bob: User, end: str) -> None:
    token, secret = Token.create(bob, "build server")
    ends: dict[str, Any] = {
        "revoke": lambda: users.revoke_token(bob, token_id=token.pk),
        "ban": lambda: users.ban(alice, user_id=bob.pk),
        "deactivate": lambda: users.deactivate(alice, user_id=bob.pk),
    }
    ends[end]()
    assert authenticate_token(secret) is None


def test_the_last_use_is_written_at_most_once_a_minute(
    bob: User, django_assert_num_queries: DjangoAssertNumQueries
) -> None:
    token, secret = Token.create(bob, "build server")
    authenticate_token(secret)
    token.refresh_from_db()
    first = token.last_used_at
    assert first is not None
    with django_assert_num_queries(1):
        authenticate_token(secret)
    Token.objects.update(last_used_at=timezone.now() - timedelta(minutes=2))
    authenticate_token(secret)
    token.refresh_from_db()
    assert token.last_used_at is not None
    assert token.last_used_at >= first


def test_the_command_prints_the_secret_alone(bob: User) -> None:
    secret = run("make", "bob", "build server").strip()
    found = authenticate_token(secret)
    assert found
    assert found[0] == bob


def test_the_command_lists_and_revokes(bob: User) -> None:
    secret = run("make", "Bob", "build server").strip()
    listed = run("list", "bob").strip().split("\t")
    assert listed[1] == "build server"
    assert listed[3] == "last used never"
    assert "revoked" in run("revoke", listed[0])
    assert authenticate_token(secret) is None
    assert "revoked" in run("list", "bob")


@pytest.mark.parametrize(
    "args", [("make", "nobody", "x"), ("list", "nobody"), ("revoke", "99"), ("make", "bob", "")]
)
def test_the_command_reports_errors(bob: User, args: tuple[str, ...]) -> None:
    with pytest.raises(CommandError):
        run(*args)


def test_the_command_creates_no_token_for_a_banned_user(alice: User, bob: User) -> None:
    users.ban(alice, user_id=bob.pk)
    with pytest.raises(CommandError, match="banned"):
        run("make", "bob", "x")
