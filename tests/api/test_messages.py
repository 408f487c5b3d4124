"""REST sends, edits and deletes messages, and marks them as read.

`tests/chat/test_pagination.py` tests the pages of messages.
"""

import pytest

from hubbub.accounts.models import User
from hubbub.chat.actions import members, rooms
from hubbub.chat.models import Message, Room
from tests.support.api_client import ApiClient

pytestmark = pytest.mark.django_db


def test_a_sent_message_is_returned_as_in_the_protocol(bob: User, harbour: Room) -> None:
    sent = ApiClient(bob).post(f"/rooms/{harbour.pk}/messages", body="*Ahoy*", nonce="n1")
    assert sent.status == 201
    created_at = sent.json.pop("created_at")
    assert created_at.endswith("Z")
    assert sent.json == {
        "id": sent.json["id"],
        "room": harbour.pk,
        "seq": 2,
        "number": 1,
        "rev": 2,
        "sender": {"id": bob.pk, "name": "Bob"},
        "nonce": "n1",
        "body": "*Ahoy*",
        "html": "<p><em>Ahoy</em></p>",
        "edited_at": None,
        "deleted_at": None,
        "reply_to": None,
    }


def test_a_nonce_used_before_returns_the_first_message(bob: User, harbour: Room) -> None:
    first = ApiClient(bob).post(f"/rooms/{harbour.pk}/messages", body="once", nonce="n1").json
    again = ApiClient(bob).post(f"/rooms/{harbour.pk}/messages", body="twice", nonce="n1").json
    assert again == first
    assert Message.objects.count() == 1


def test_without_a_nonce_each_send_is_a_new_message(bob: User, harbour: Room) -> None:
    ids = {
        ApiClient(bob).post(f"/rooms/{harbour.pk}/messages", body="same").json["id"]
        for _ in range(2)
    }
    assert len(ids) == 2


def test_a_reply_refers_to_a_message_in_the_same_room(
    bob: User, harbour: Room, lobby: Room
) -> None:
    asked = ApiClient(bob).post(f"/rooms/{harbour.pk}/messages", body="When?").json
    reply = ApiClient(bob).post(f"/rooms/{harbour.pk}/messages", body="Now", reply_to=asked["id"])
    assert reply.json["reply_to"] == {
        "id": asked["id"],
        "seq": asked["seq"],
        "sender": asked["sender"],
    }
    elsewhere = ApiClient(bob).post(f"/rooms/{lobby.pk}/messages", body="Now", reply_to=asked["id"])
    assert elsewhere.problem == (400, "invalid")


def test_users_can_only_edit_their_own_messages(alice: User, bob: User, harbour: Room) -> None:
    members.join(alice, room_id=harbour.pk)
    sent = ApiClient(bob).post(f"/rooms/{harbour.pk}/messages", body="Ahoi").json
    assert ApiClient(alice).patch(f"/messages/{sent['id']}", body="mine").problem == (
        403,
        "forbidden",
    )
    edited = ApiClient(bob).patch(f"/messages/{sent['id']}", body="Ahoy").json
    assert (edited["body"], edited["rev"]) == ("Ahoy", sent["seq"] + 1)
    assert edited["edited_at"] is not None


def test_a_deleted_message_keeps_its_number_but_no_text(bob: User, harbour: Room) -> None:
    sent = ApiClient(bob).post(f"/rooms/{harbour.pk}/messages", body="a secret").json
    ApiClient(bob).post(f"/rooms/{harbour.pk}/messages", body="what?", reply_to=sent["id"])
    assert ApiClient(bob).delete(f"/messages/{sent['id']}").status == 204
    assert ApiClient(bob).delete(f"/messages/{sent['id']}").status == 204
    page = ApiClient(bob).get(f"/rooms/{harbour.pk}/messages").json
    assert "secret" not in str(page)
    assert [message["number"] for message in page["messages"]] == [1, 2]
    assert page["quoted"][0]["deleted_at"] is not None
    assert ApiClient(bob).patch(f"/messages/{sent['id']}", body="back").problem == (
        403,
        "forbidden",
    )


def test_others_can_neither_read_nor_write(bob: User, charlie: User, harbour: Room) -> None:
    den = rooms.create(bob, name="Den", kind="private")
    for room, problem in ((harbour, (403, "forbidden")), (den, (404, "not_found"))):
        sent = ApiClient(bob).post(f"/rooms/{room.pk}/messages", body="ours").json
        stranger = ApiClient(charlie)
        assert stranger.get(f"/rooms/{room.pk}/messages").problem == problem
        assert stranger.post(f"/rooms/{room.pk}/messages", body="me too").problem == problem
        assert stranger.patch(f"/messages/{sent['id']}", body="mine").problem == problem
        assert stranger.delete(f"/messages/{sent['id']}").problem == problem
        assert stranger.post(f"/rooms/{room.pk}/read", number=1).problem == problem


def test_an_archived_room_can_be_read_but_not_written(bob: User, harbour: Room) -> None:
    ApiClient(bob).post(f"/rooms/{harbour.pk}/messages", body="the last")
    rooms.archive(bob, room_id=harbour.pk)
    refused = ApiClient(bob).post(f"/rooms/{harbour.pk}/messages", body="too late")
    assert refused.problem == (403, "forbidden")
    [message] = ApiClient(bob).get(f"/rooms/{harbour.pk}/messages").json["messages"]
    assert message["body"] == "the last"


def test_the_read_mark_moves_up_to_the_last_message_and_never_back(
    alice: User, bob: User, harbour: Room
) -> None:
    members.join(alice, room_id=harbour.pk)
    for body in ("one", "two", "three"):
        ApiClient(bob).post(f"/rooms/{harbour.pk}/messages", body=body)
    address = f"/rooms/{harbour.pk}/read"
    assert ApiClient(alice).post(address, number=2).json == {"room": harbour.pk, "number": 2}
    assert ApiClient(alice).post(address, number=1).json["number"] == 2
    assert ApiClient(alice).post(address, number=10**18).json["number"] == 3
    # A user's own messages count as read.
    assert ApiClient(bob).get(f"/rooms/{harbour.pk}").json["read"] == 3


def test_responses_are_not_cached(bob: User, harbour: Room) -> None:
    page = ApiClient(bob).get(f"/rooms/{harbour.pk}/messages")
    assert page.headers["Cache-Control"] == "no-store"
