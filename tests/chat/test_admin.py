"""Owners look after the place in the admin: by actions, and without reading what people write."""

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
def said(bob: User, lobby: Room) -> Message:
    return send(bob, room_id=lobby.pk, nonce="1", body=f"*{SECRET}*")


def act(client: Client, where: str, action: str, *rows: Any, **more: str) -> str:
    form = {"action": action, "_selected_action": [row.pk for row in rows]} | more
    return unescape(client.post(where, form, follow=True).text)


def place_events(user: User) -> list[str]:
    return list(WorkspaceEvent.objects.filter(user=user).values_list("type", flat=True))


def test_a_stranger_signs_in_on_the_common_page(client: Client, alice: User) -> None:
    answer = client.get(PEOPLE, follow=True)
    assert answer.redirect_chain[-1][0] == f"/accounts/login/?next={PEOPLE}"


def test_members_do_not_get_in(client: Client, bob: User) -> None:
    client.post("/accounts/login/", {"login": "bob", "password": PASSWORD})
    assert client.get(PEOPLE, follow=True).status_code == 403
    assert client.get("/settings/").text.count("/admin/") == 0


def test_people_are_found_by_any_of_their_names(owner: Client, bob: User, charlie: User) -> None:
    for part in ("bob", "Bob", "bob@example"):
        listed = owner.get(PEOPLE, {"q": part}).text
        assert "bob@example.org" in listed
        assert "charlie@example.org" not in listed


def test_a_person_is_banned_and_let_in_again(owner: Client, bob: User) -> None:
    assert "Banned: Bob" in act(owner, PEOPLE, "ban", bob)
    assert "Unbanned: Bob" in act(owner, PEOPLE, "lift_ban", bob)
    assert place_events(bob)[-2:] == ["user.banned", "user.ban_lifted"]


def test_a_person_is_deactivated_and_brought_back(owner: Client, bob: User) -> None:
    act(owner, PEOPLE, "deactivate", bob)
    bob.refresh_from_db()
    assert not bob.is_active
    act(owner, PEOPLE, "reactivate", bob)
    assert place_events(bob)[-2:] == ["user.deactivated", "user.reactivated"]


def test_one_refusal_is_told_and_the_others_are_done(
    owner: Client, alice: User, bob: User, charlie: User
) -> None:
    shown = act(owner, PEOPLE, "ban", alice, bob, charlie)
    assert "Alice: You can't do this to yourself." in shown
    assert User.objects.exclude(banned_at=None).count() == 2


def test_a_new_password_cuts_open_sockets_off(owner: Client, bob: User) -> None:
    form = {"password1": "a very different one", "password2": "a very different one"}
    owner.post(f"{PEOPLE}{bob.pk}/password/", form | {"usable_password": "true"})
    bob.refresh_from_db()
    assert bob.check_password("a very different one")
    assert place_events(bob)[-1] == "user.password_changed"


def test_an_address_can_be_mended_and_nothing_else(owner: Client, bob: User) -> None:
    form = {"email": "Robert@example.org", "username": "x", "name": "x", "is_superuser": "on"}
    owner.post(f"{PEOPLE}{bob.pk}/change/", form)
    bob.refresh_from_db()
    assert (bob.email, bob.username, bob.name) == ("robert@example.org", "bob", "Bob")
    assert not bob.is_superuser
    owner.post(f"{PEOPLE}{bob.pk}/change/", {"email": "alice@example.org"})
    bob.refresh_from_db()
    assert bob.email == "robert@example.org"


def test_a_room_is_archived_and_brought_back(owner: Client, bob: User) -> None:
    room = rooms.create(bob, name="Attic", kind="private")
    assert "Archived: Attic" in act(owner, ROOMS, "archive", room)
    assert "Restored: Attic" in act(owner, ROOMS, "restore", room)
    kept = Event.objects.filter(room=room).order_by("seq").values_list("type", flat=True)
    assert list(kept)[-2:] == ["room.archived", "room.restored"]


def test_the_lobby_stays_and_the_page_says_so(owner: Client, lobby: Room) -> None:
    assert "Lobby: The lobby can't be archived." in act(owner, ROOMS, "archive", lobby)


def test_a_message_is_deleted_after_a_question(owner: Client, said: Message) -> None:
    assert "deleted for everyone, at once and for good" in act(owner, MESSAGES, "delete", said)
    said.refresh_from_db()
    assert said.deleted_at is None
    assert "Deleted: message 1" in act(owner, MESSAGES, "delete", said, confirmed="yes")
    said.refresh_from_db()
    assert (said.body, said.html) == ("", None)
    assert Event.objects.filter(message=said, type="message.deleted").exists()


def test_no_page_shows_what_people_write(owner: Client, said: Message, bob: User) -> None:
    pages = [
        owner.get("/admin/").text,
        owner.get(MESSAGES).text,
        owner.get(MESSAGES, {"q": "bob"}).text,
        owner.get(f"{MESSAGES}{said.pk}/change/").text,
        act(owner, MESSAGES, "delete", said),
        act(owner, MESSAGES, "delete", said, confirmed="yes"),
        owner.get(f"{MESSAGES}{said.pk}/history/").text,
        owner.get(f"{ROOMS}{said.room_id}/change/").text,
        owner.get(f"{PEOPLE}{bob.pk}/change/").text,
        str(list(LogEntry.objects.values())),
    ]
    assert not [page for page in pages if SECRET in page]


def test_nobody_finds_a_message_by_what_it_says(owner: Client, said: Message) -> None:
    assert "0 results" in owner.get(MESSAGES, {"q": SECRET}).text
    for lookup in ("body__contains", "html__contains", "reply_to__body__contains"):
        assert owner.get(MESSAGES, {lookup: SECRET}).status_code == 400
    assert owner.get(TOKENS, {"digest__startswith": "a"}).status_code == 400


def test_a_token_is_revoked(owner: Client, bob: User) -> None:
    token, _ = Token.create(bob, "build server")
    assert "build server" in owner.get(TOKENS).text
    act(owner, TOKENS, "revoke", token)
    assert place_events(bob)[-1] == "token.revoked"


@pytest.mark.parametrize("where", [PEOPLE, ROOMS, MESSAGES, TOKENS])
def test_nothing_is_added_or_deleted(owner: Client, said: Message, where: str) -> None:
    assert owner.get(f"{where}add/").status_code == 403
    assert owner.post(f"{where}1/delete/", {"post": "yes"}).status_code in (302, 403)
    assert "delete_selected" not in owner.get(where).text


@pytest.mark.parametrize(
    "where", ["auth/group/", "account/emailaddress/", "chat/membership/", "chat/event/"]
)
def test_what_the_log_would_not_know_is_not_there(owner: Client, where: str) -> None:
    assert owner.get(f"/admin/{where}").status_code == 404


def test_the_own_password_is_changed_on_the_common_page(owner: Client) -> None:
    answer = owner.get("/admin/password_change/")
    assert answer.headers["Location"] == "/accounts/password/change/"
    assert owner.post("/admin/logout/").headers["Location"] == "/accounts/login/"
