"""`manage.py seed` creates demo users, or users for load tests."""

import re
import stat
from io import StringIO
from pathlib import Path

import pytest
from django.core.management import call_command
from django.core.management.base import CommandError
from django.test import Client
from pytest_django import Settings

from hubbub.accounts.models import User
from hubbub.chat.models import Event, Membership, Message, Room

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def embedded(settings: Settings) -> None:
    settings.EMBEDDED = True


def seed(*arguments: str) -> str:
    out = StringIO()
    call_command("seed", *arguments, stdout=out)
    return out.getvalue()


def test_the_printed_passwords_work() -> None:
    printed = dict(re.findall(r"(\w+) has the password (\S+)", seed()))
    assert set(printed) == {"alice", "bob", "charlie", "dana"}
    assert Client().login(username="bob", password=printed["bob"])


def test_alice_becomes_owner_if_there_is_none() -> None:
    seed()
    assert [user.username for user in User.objects.filter(is_superuser=True)] == ["alice"]


def test_an_existing_owner_stays_the_only_one(settings: Settings) -> None:
    settings.EMBEDDED = False
    owner = User.objects.create_user("erin", "erin@example.org", is_superuser=True)
    seed("--yes")
    assert list(User.objects.filter(is_superuser=True)) == [owner]


def test_the_demo_has_rooms_of_every_kind_with_replies_edits_and_a_deletion() -> None:
    seed()
    assert set(Room.objects.values_list("kind", flat=True)) == {"public", "private", "direct"}
    assert Message.objects.exclude(reply_to=None).exists()
    assert Message.objects.exclude(html=None).exists()
    assert {"message.edited", "message.deleted"} <= set(
        Event.objects.values_list("type", flat=True)
    )
    assert "0170" not in "".join(Message.objects.values_list("body", flat=True))


def test_running_it_again_changes_nothing() -> None:
    seed()
    before = Event.objects.count()
    assert "alice already exists" in seed()
    assert Event.objects.count() == before


def test_a_deployment_requires_yes(settings: Settings) -> None:
    settings.EMBEDDED = False
    with pytest.raises(CommandError, match="--yes"):
        seed()
    assert not User.objects.exists()


@pytest.mark.parametrize("option", ["--sessions", "--accounts"])
def test_if_a_file_cannot_be_written_nothing_is_changed(option: str, tmp_path: Path) -> None:
    accounts = tmp_path / "accounts"
    seed("--users", "1", "--accounts", str(accounts))
    before, kept = User.objects.get(username="person-0001").password, accounts.read_text()
    nowhere = tmp_path / "no folder" / "file"
    with pytest.raises(CommandError, match="Can't write"):
        seed("--users", "2", "--accounts", str(accounts), option, str(nowhere))
    assert accounts.read_text() == kept
    assert User.objects.get(username="person-0001").password == before
    assert not User.objects.filter(username="person-0002").exists()


def test_load_test_users_are_signed_in_and_in_the_lobby(tmp_path: Path) -> None:
    file = tmp_path / "sessions"
    seed("--users", "60", "--sessions", str(file))
    lines = file.read_text().splitlines()
    assert len(lines) == 60
    people = User.objects.filter(username__startswith="person-")
    assert Membership.objects.filter(user__in=people, room__is_lobby=True).count() == 60
    visitor = Client()
    visitor.cookies.load(lines[41].removeprefix("Cookie: "))
    assert User.objects.get(pk=visitor.session["_auth_user_id"]).username == "person-0042"


def test_only_its_owner_can_read_the_session_file(tmp_path: Path) -> None:
    file = tmp_path / "sessions"
    file.touch(0o644)
    seed("--users", "2", "--sessions", str(file))
    assert stat.S_IMODE(file.stat().st_mode) == 0o600


def test_load_test_users_can_be_added_later_and_never_own_the_workspace(tmp_path: Path) -> None:
    seed("--users", "2")
    seed("--users", "4", "--sessions", str(tmp_path / "sessions"))
    people = User.objects.filter(username__startswith="person-").order_by("username")
    assert [one.username for one in people] == [f"person-{number:04}" for number in range(1, 5)]
    assert not people.filter(is_superuser=True).exists()


def test_load_test_users_with_accounts_can_sign_in_and_keep_their_sessions(tmp_path: Path) -> None:
    accounts, sessions = tmp_path / "accounts", tmp_path / "sessions"
    seed("--users", "2", "--accounts", str(accounts), "--sessions", str(sessions))
    username, password = accounts.read_text().splitlines()[1].split()
    assert username == "person-0002"
    assert Client().login(username=username, password=password)
    assert stat.S_IMODE(accounts.stat().st_mode) == 0o600
    signed_in = Client(headers={"Cookie": sessions.read_text().splitlines()[1].split(": ")[1]})
    assert signed_in.get("/api/me").status_code == 200


def test_accounts_requires_users(tmp_path: Path) -> None:
    with pytest.raises(CommandError, match="--users"):
        seed("--accounts", str(tmp_path / "accounts"))
