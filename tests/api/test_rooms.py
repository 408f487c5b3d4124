"""REST lists, searches, creates, changes and archives rooms, and opens direct messages."""

import pytest

from hubbub.accounts.models import User
from hubbub.chat.actions import members
from hubbub.chat.models import Room
from tests.support.api_client import ApiClient

pytestmark = pytest.mark.django_db


def test_a_new_room_is_in_its_owners_list_with_role_and_read_mark(bob: User) -> None:
    made = ApiClient(bob).post("/rooms", name="  Sea   farers ", kind="public", topic="Ships")
    assert made.status == 201
    assert made.json == {
        "id": made.json["id"],
        "kind": "public",
        "name": "Sea farers",
        "topic": "Ships",
        "archived_at": None,
        "seq": 1,
        "messages": 0,
        "members": 1,
        "lobby": False,
        "role": "owner",
        "read": 0,
    }
    assert [room["name"] for room in ApiClient(bob).get("/rooms").json] == ["lobby", "Sea farers"]


@pytest.mark.parametrize("name", ["", " \n ", "x" * 81, "\u200b", "LOBBY"])
def test_a_room_needs_a_unique_name(bob: User, name: str) -> None:
    refused = ApiClient(bob).post("/rooms", name=name, kind="public")
    assert refused.problem == (400, "invalid")


def test_a_room_must_be_public_or_private(bob: User) -> None:
    assert ApiClient(bob).post("/rooms", name="Us", kind="direct").problem == (400, "invalid")


def test_the_directory_lists_public_rooms_and_the_users_role_in_them(
    bob: User, charlie: User, den: Room, harbour: Room
) -> None:
    found = {room["name"]: room for room in ApiClient(charlie).get("/rooms/directory").json}
    assert set(found) == {"lobby", "Harbour"}
    assert found["lobby"]["role"] == "member"
    assert "role" not in found["Harbour"]
    assert "read" not in found["Harbour"]


def test_the_directory_search_ignores_case(charlie: User, harbour: Room) -> None:
    found = ApiClient(charlie).get("/rooms/directory", q="BOUR").json
    assert [room["name"] for room in found] == ["Harbour"]
    assert ApiClient(charlie).get("/rooms/directory", q="100%").json == []


def test_archived_rooms_are_only_listed_among_archived_rooms(
    bob: User, charlie: User, den: Room, harbour: Room
) -> None:
    for room in (den, harbour):
        assert ApiClient(bob).post(f"/rooms/{room.pk}/archive").json["archived_at"].endswith("Z")
    assert [room["name"] for room in ApiClient(bob).get("/rooms").json] == ["lobby"]
    assert [room["name"] for room in ApiClient(bob).get("/rooms/directory").json] == ["lobby"]
    archived = ApiClient(bob).get("/rooms/directory", archived=1).json
    assert [room["name"] for room in archived] == ["Den", "Harbour"]
    seen_by_charlie = ApiClient(charlie).get("/rooms/directory", archived=1).json
    assert [room["name"] for room in seen_by_charlie] == ["Harbour"]
    assert ApiClient(bob).post(f"/rooms/{den.pk}/restore").json["archived_at"] is None
    assert "Den" in [room["name"] for room in ApiClient(bob).get("/rooms").json]


def test_a_public_room_can_be_read_before_joining(charlie: User, harbour: Room) -> None:
    seen = ApiClient(charlie).get(f"/rooms/{harbour.pk}").json
    assert seen["name"] == "Harbour"
    assert "role" not in seen
    assert ApiClient(charlie).post(f"/rooms/{harbour.pk}/join").json["role"] == "member"
    assert ApiClient(charlie).get(f"/rooms/{harbour.pk}").json["members"] == 2


@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("GET", ""),
        ("POST", "/join"),
        ("POST", "/leave"),
        ("POST", "/archive"),
        ("POST", "/restore"),
        ("GET", "/members"),
        ("GET", "/messages"),
    ],
)
def test_not_even_a_workspace_owner_finds_a_private_room(
    alice: User, charlie: User, den: Room, method: str, path: str
) -> None:
    for stranger in (alice, charlie):
        there = ApiClient(stranger).raw(method, f"/rooms/{den.pk}{path}")
        nowhere = ApiClient(stranger).raw(method, f"/rooms/{den.pk + 1000}{path}")
        assert there.problem == nowhere.problem == (404, "not_found")
        assert there.json == nowhere.json


def test_name_and_topic_change_together_or_not_at_all(bob: User, harbour: Room) -> None:
    changed = ApiClient(bob).patch(f"/rooms/{harbour.pk}", name="Port", topic="Ships")
    assert (changed.json["name"], changed.json["topic"]) == ("Port", "Ships")
    refused = ApiClient(bob).patch(f"/rooms/{harbour.pk}", name="Quay", topic="x" * 251)
    assert refused.problem == (400, "invalid")
    assert ApiClient(bob).get(f"/rooms/{harbour.pk}").json["name"] == "Port"


def test_members_without_a_role_cannot_change_a_room(
    bob: User, charlie: User, harbour: Room
) -> None:
    members.join(charlie, room_id=harbour.pk)
    assert ApiClient(charlie).patch(f"/rooms/{harbour.pk}", name="Mine").problem == (
        403,
        "forbidden",
    )
    assert ApiClient(charlie).post(f"/rooms/{harbour.pk}/archive").problem == (403, "forbidden")


def test_the_last_owner_cannot_leave_but_others_can(
    bob: User, charlie: User, harbour: Room
) -> None:
    members.join(charlie, room_id=harbour.pk)
    assert ApiClient(bob).post(f"/rooms/{harbour.pk}/leave").problem == (403, "forbidden")
    assert ApiClient(charlie).post(f"/rooms/{harbour.pk}/leave").status == 204
    assert ApiClient(charlie).post(f"/rooms/{harbour.pk}/leave").status == 204
    assert [room["name"] for room in ApiClient(charlie).get("/rooms").json] == ["lobby"]


@pytest.mark.parametrize("verb", ["leave", "archive"])
def test_the_lobby_can_be_neither_left_nor_archived(alice: User, lobby: Room, verb: str) -> None:
    assert ApiClient(alice).post(f"/rooms/{lobby.pk}/{verb}").problem == (403, "forbidden")


def test_a_direct_message_has_the_other_users_name(bob: User, charlie: User) -> None:
    mine = ApiClient(bob).post("/direct", user=charlie.pk).json
    theirs = ApiClient(charlie).post("/direct", user=bob.pk).json
    assert mine["id"] == theirs["id"]
    assert (mine["kind"], mine["name"]) == ("direct", "Charlie")
    assert mine["with"] == {"id": charlie.pk, "name": "Charlie"}
    assert theirs["with"] == {"id": bob.pk, "name": "Bob"}
    assert ApiClient(bob).get("/rooms").json[-1] == mine


def test_a_direct_message_needs_another_user(bob: User) -> None:
    assert ApiClient(bob).post("/direct", user=bob.pk).problem == (400, "invalid")
    assert ApiClient(bob).post("/direct", user=bob.pk + 1000).problem == (404, "not_found")
