"""`manage.py owner` creates or promotes owners of a deployment."""

import re
import sys
from io import StringIO

import pytest
from django.core.management import CommandError, call_command
from pytest_django import Settings

from hubbub.accounts.models import User
from hubbub.chat.actions.send import send
from hubbub.chat.models import Membership, Room

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def deployed(settings: Settings) -> None:
    settings.EMBEDDED = False


def run(*args: str) -> str:
    out = StringIO()
    call_command("owner", *args, stdout=out)
    return out.getvalue()


def test_a_new_owner_is_created_with_a_printed_password() -> None:
    printed = run("alice", "--email", "alice@example.org")
    password = re.search(r"shown again\): (\S+)", printed)
    assert password
    alice = User.objects.get(username="alice")
    assert alice.is_owner
    assert alice.is_staff
    assert alice.email == "alice@example.org"
    assert alice.check_password(password[1])
    assert Membership.objects.get(user=alice, room__is_lobby=True).role == "owner"


def test_the_password_can_come_from_standard_input(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "stdin", StringIO("a fine long one\n"))
    assert "a fine long one" not in run("alice", "--password-stdin")
    assert User.objects.get(username="alice").check_password("a fine long one")


def test_a_weak_password_creates_no_user(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "stdin", StringIO("123\n"))
    with pytest.raises(CommandError, match="too short"):
        run("alice", "--password-stdin")
    assert not User.objects.exists()


def test_an_existing_user_is_promoted_and_keeps_the_password() -> None:
    bob = User.objects.create_user("bob", "bob@example.org", "his own")
    run("Bob")
    bob.refresh_from_db()
    assert bob.is_owner
    assert bob.check_password("his own")
    assert Membership.objects.get(user=bob, room__is_lobby=True).role == "owner"


@pytest.mark.parametrize(
    "args", [("b ad",), ("bob", "--email", "x@example.org"), ("x", "--email", "?")]
)
def test_invalid_arguments_are_refused_with_a_message(args: tuple[str, ...]) -> None:
    User.objects.create_user("bob", "bob@example.org", "his own")
    with pytest.raises(CommandError):
        run(*args)
    assert User.objects.filter(is_superuser=True).count() == 0


def test_createsuperuser_creates_a_user_in_the_lobby_who_can_send(
    monkeypatch: pytest.MonkeyPatch, lobby: Room
) -> None:
    monkeypatch.setenv("DJANGO_SUPERUSER_PASSWORD", "a fine long one")
    names = ["--username", "alice", "--email", "alice@example.org"]
    call_command("createsuperuser", "--noinput", *names, stdout=StringIO())
    alice = User.objects.get(username="alice")
    assert alice.is_owner
    assert Membership.objects.get(user=alice, room=lobby).role == "owner"
    assert send(alice, room_id=lobby.pk, nonce="1", body="hello").body == "hello"
