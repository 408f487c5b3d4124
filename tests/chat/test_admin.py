"""Owners manage the workspace in the Django admin, which runs actions and shows no messages."""

from html import unescape
from typing import Any

import pytest
from django.contrib.admin.models import LogEntry
from django.test import Client

from hubbub.accounts.models import Token, User
from hubbub.chat.actions import rooms
from hubbub.chat.actions.send import send
from hubbub.chat.models import Event, Message, Room, WorkspaceEvent
from tests.support.fixtures import PASSWORD

SECRET = "the secret of the lobby"
PEOPLE, ROOMS = "/admin/accounts/user/", "/admin/chat/room/"
MESSAGES, TOKENS = "/admin/chat/message/", "/admin/accounts/token/"


@pytest.fixture
def owner(client: Client, alice: User) -> Client:
    client.post("/accounts/login/", {"login": "alice", "password": PASSWORD})
    return client


@pytest.fixture
def message(bob: User, lobby: Room) -> Message:
    return send(bob, room_id=lobby.pk, nonce="1", body=f"*{SECRET}*")


def act(client: Client, where: str, action: str, *rows: Any, **more: str) -> str:
    form = {"action": action, "_selected_action": [row.pk for row in rows]} | more
    return unescape(client.post(where, form, follow=True).text)


def workspace_events(user: User) -> list[str]:
    return list(WorkspaceEvent.objects.filter(user=user).values_list("type", flat=True))


def test_signing_in_uses_the_normal_page(client: Client, alice: User) -> None:
    answer = client.get(PEOPLE, follow=True)
    assert answer.redirect_chain[-1][0] == f"/accounts/login/?next={PEOPLE}"


def test_members_have_no_access(client: Client, bob: User) -> None:
    client.post("/accounts/login/", {"login": "bob", "password": PASSWORD})
    assert client.get(PEOPLE, follow=True).status_code == 403
    assert client.get("/settings/").text.count("/admin/") == 0


def test_users_are_found_by_username_name_or_email(owner: Client, bob: User, charlie: User) -> None:
    for part in ("bob", "Bob", "bob@example"):
        listed = owner.get(PEOPLE, {"q": part}).text
        assert "bob@example.org" in listed
        assert "charlie@example.org" not in listed


def test_a_user_can_be_banned_and_unbanned(owner: Client, bob: User) -> None:
    assert "Banned: Bob" in act(owner, PEOPLE, "ban", bob)
    assert "Unbanned: Bob" in act(owner, PEOPLE, "lift_ban", bob)
    assert workspace_events(bob)[-2:] == ["user.banned", "user.ban_lifted"]


def test_a_user_can_be_deactivated_and_reactivated(owner: Client, bob: User) -> None:
    act(owner, PEOPLE, "deactivate", bob)
    bob.refresh_from_db()
    assert not bob.is_active
    act(owner, PEOPLE, "reactivate", bob)
    assert workspace_events(bob)[-2:] == ["user.deactivated", "user.reactivated"]


def test_one_error_is_shown_and_the_other_rows_are_changed(
    owner: Client, alice: User, bob: User, charlie: User
) -> None:
    shown = act(owner, PEOPLE, "ban", alice, bob, charlie)
    assert "Alice: You can't do this to yourself." in shown
    assert User.objects.exclude(banned_at=None).count() == 2


def test_a_new_password_is_recorded_so_that_connections_are_checked(
    owner: Client, bob: User
) -> None:
    form = {"password1": "a very different one", "password2": "a very different one"}
    owner.post(f"{PEOPLE}{bob.pk}/password/", form | {"usable_password": "true"})
    bob.refresh_from_db()
    assert bob.check_password("a very different one")
    assert workspace_events(bob)[-1] == "user.password_changed"


def test_only_the_email_address_can_be_edited(owner: Client, bob: User) -> None:
    form = {"email": "Robert@example.org", "username": "x", "name": "x", "is_superuser": "on"}
    owner.post(f"{PEOPLE}{bob.pk}/change/", form)
    bob.refresh_from_db()
    assert (bob.email, bob.username, bob.name) == ("robert@example.org", "bob", "Bob")
    assert not bob.is_superuser
    owner.post(f"{PEOPLE}{bob.pk}/change/", {"email": "alice@example.org"})
    bob.refresh_from_db()
    assert bob.email == "robert@example.org"


def test_a_room_can_be_archived_and_restored(owner: Client, bob: User) -> None:
    room = rooms.create(bob, name="Attic", kind="private")
    assert "Archived: Attic" in act(owner, ROOMS, "archive", room)
    assert "Restored: Attic" in act(owner, ROOMS, "restore", room)
    kept = Event.objects.filter(room=room).order_by("seq").values_list("type", flat=True)
    assert list(kept)[-2:] == ["room.archived", "room.restored"]


def test_archiving_the_lobby_shows_an_error(owner: Client, lobby: Room) -> None:
    assert "Lobby: The lobby can't be archived." in act(owner, ROOMS, "archive", lobby)


def test_deleting_messages_asks_for_confirmation(owner: Client, message: Message) -> None:
    assert "deleted for everyone, immediately and permanently" in act(
        owner, MESSAGES, "delete", message
    )
    message.refresh_from_db()
    assert message.deleted_at is None
    assert "Deleted: message 1" in act(owner, MESSAGES, "delete", message, confirmed="yes")
    message.refresh_from_db()
    assert (message.body, message.html) == ("", None)
    assert Event.objects.filter(message=message, type="message.deleted").exists()


def test_no_page_shows_the_text_of_messages(owner: Client, message: Message, bob: User) -> None:
    pages = [
        owner.get("/admin/").text,
        owner.get(MESSAGES).text,
        owner.get(MESSAGES, {"q": "bob"}).text,
        owner.get(f"{MESSAGES}{message.pk}/change/").text,
        act(owner, MESSAGES, "delete", message),
        act(owner, MESSAGES, "delete", message, confirmed="yes"),
        owner.get(f"{MESSAGES}{message.pk}/history/").text,
        owner.get(f"{ROOMS}{message.room_id}/change/").text,
        owner.get(f"{PEOPLE}{bob.pk}/change/").text,
        str(list(LogEntry.objects.values())),
    ]
    assert not [page for page in pages if SECRET in page]


def test_messages_cannot_be_searched_by_text(owner: Client, message: Message) -> None:
    assert "0 results" in owner.get(MESSAGES, {"q": SECRET}).text
    for lookup in ("body__contains", "html__contains", "reply_to__body__contains"):
        assert owner.get(MESSAGES, {lookup: SECRET}).status_code == 400
    assert owner.get(TOKENS, {"digest__startswith": "a"}).status_code == 400


def test_a_token_can_be_revoked(owner: Client, bob: User) -> None:
    token, _ = Token.create(bob, "build server")
    assert "build server" in owner.get(TOKENS).text
    act(owner, TOKENS, "revoke", token)
    assert workspace_events(bob)[-1] == "token.revoked"


@pytest.mark.parametrize("where", [PEOPLE, ROOMS, MESSAGES, TOKENS])
def test_nothing_can_be_added_or_deleted(owner: Client, message: Message, where: str) -> None:
    assert owner.get(f"{where}add/").status_code == 403
    assert owner.post(f"{where}1/delete/", {"post": "yes"}).status_code in (302, 403)
    assert "delete_selected" not in owner.get(where).text


@pytest.mark.parametrize(
    "where", ["auth/group/", "account/emailaddress/", "chat/membership/", "chat/event/"]
)
def test_other_models_are_not_in_the_admin(owner: Client, where: str) -> None:
    assert owner.get(f"/admin/{where}").status_code == 404


def test_changing_ones_password_uses_the_normal_page(owner: Client) -> None:
    answer = owner.get("/admin/password_change/")
    assert answer.headers["Location"] == "/accounts/password/change/"
    assert owner.post("/admin/logout/").headers["Location"] == "/accounts/login/"
