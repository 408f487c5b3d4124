"""REST lists, invites and removes a room's members, changes their roles, and finds users."""

import pytest

from hubbub.accounts.models import User
from hubbub.chat.actions import members, rooms, users
from hubbub.chat.models import Room
from tests.support.api_client import ApiClient

pytestmark = pytest.mark.django_db


def test_members_are_listed_with_name_username_and_role(
    bob: User, charlie: User, den: Room
) -> None:
    invited = ApiClient(bob).post(f"/rooms/{den.pk}/members", user=charlie.pk)
    assert invited.status == 201
    assert invited.json == {
        "id": charlie.pk,
        "name": "Charlie",
        "username": "charlie",
        "role": "member",
    }
    listed = ApiClient(charlie).get(f"/rooms/{den.pk}/members").json
    assert [(one["name"], one["role"]) for one in listed] == [
        ("Bob", "owner"),
        ("Charlie", "member"),
    ]


def test_members_can_be_searched_and_paged(bob: User, lobby: Room) -> None:
    for number in range(1, 13):
        User.objects.create_user(f"person-{number:04}", name=f"Person {number:04}")
    found = ApiClient(bob).get(f"/rooms/{lobby.pk}/members", q="SON 00", limit=5, offset=10).json
    assert [one["username"] for one in found] == ["person-0011", "person-0012"]


def test_others_cannot_list_members(charlie: User, bob: User, den: Room) -> None:
    harbour = rooms.create(bob, name="Harbour", kind="public")
    assert ApiClient(charlie).get(f"/rooms/{den.pk}/members").problem == (404, "not_found")
    assert ApiClient(charlie).get(f"/rooms/{harbour.pk}/members").problem == (403, "forbidden")


def test_an_owner_can_change_roles_but_the_last_owner_stays(
    bob: User, charlie: User, den: Room
) -> None:
    members.invite(bob, room_id=den.pk, user_id=charlie.pk)
    address = f"/rooms/{den.pk}/members"
    assert ApiClient(charlie).patch(f"{address}/{bob.pk}", role="member").problem == (
        403,
        "forbidden",
    )
    assert ApiClient(bob).patch(f"{address}/{bob.pk}", role="member").problem == (403, "forbidden")
    assert ApiClient(bob).patch(f"{address}/{charlie.pk}", role="owner").json["role"] == "owner"
    assert ApiClient(charlie).patch(f"{address}/{bob.pk}", role="member").json["role"] == "member"


def test_an_unknown_role_is_invalid(bob: User, den: Room) -> None:
    refused = ApiClient(bob).patch(f"/rooms/{den.pk}/members/{bob.pk}", role="king")
    assert refused.problem == (400, "invalid")


def test_a_removed_member_cannot_read_the_room(bob: User, charlie: User, den: Room) -> None:
    members.invite(bob, room_id=den.pk, user_id=charlie.pk)
    address = f"/rooms/{den.pk}/members/{charlie.pk}"
    assert ApiClient(charlie).delete(f"/rooms/{den.pk}/members/{bob.pk}").problem == (
        403,
        "forbidden",
    )
    assert ApiClient(bob).delete(address).status == 204
    assert ApiClient(bob).delete(address).problem == (404, "not_found")
    assert ApiClient(charlie).get(f"/rooms/{den.pk}/messages").problem == (404, "not_found")


def test_search_finds_active_users_by_name_or_username(
    alice: User, bob: User, charlie: User, dana: User
) -> None:
    users.ban(alice, user_id=charlie.pk)
    users.deactivate(alice, user_id=dana.pk)
    assert ApiClient(alice).get("/people", q="BO").json == [
        {"id": bob.pk, "name": "Bob", "username": "bob"}
    ]
    assert {one["username"] for one in ApiClient(bob).get("/people").json} == {"alice", "bob"}


def test_search_returns_at_most_twenty_users(bob: User) -> None:
    for number in range(1, 31):
        User.objects.create_user(f"person-{number:04}")
    assert len(ApiClient(bob).get("/people", q="person").json) == 20


def test_me_returns_the_current_user(alice: User, bob: User) -> None:
    assert ApiClient(bob).get("/me").json == {
        "id": bob.pk,
        "name": "Bob",
        "username": "bob",
        "owner": False,
    }
    assert ApiClient(alice).get("/me").json["owner"] is True
