"""The hidden users of `doctor` are invisible to everyone and leave no traces."""

from datetime import timedelta

import pytest
from django.contrib.sessions.models import Session
from django.core.exceptions import PermissionDenied, ValidationError
from django.core.management import CommandError, call_command
from django.test import Client
from django.utils import timezone
from pytest_django import Settings

from hubbub.accounts.models import User
from hubbub.chat import queries
from hubbub.chat.actions import doctor_accounts, members, rooms
from hubbub.chat.actions.send import send
from hubbub.chat.log_entries import read_log
from hubbub.chat.models import Event, Membership, Message, Room
from hubbub.doctor.accounts import signed_in_accounts

pytestmark = pytest.mark.django_db
Pair = tuple[User, User]


@pytest.fixture
def pair(alice: User) -> Pair:
    return doctor_accounts.get_or_create_users()


@pytest.fixture
def room(pair: Pair) -> Room:
    return doctor_accounts.open_room(*pair)


def test_the_same_users_and_room_are_used_again(pair: Pair, room: Room) -> None:
    assert doctor_accounts.get_or_create_users() == pair
    assert doctor_accounts.open_room(*pair) == room
    assert room.members == 2


def test_hidden_users_are_not_in_the_lobby_and_record_no_event_there(
    alice: User, lobby: Room
) -> None:
    lobby.refresh_from_db()
    before = (lobby.members, lobby.seq)
    doctor_accounts.open_room(*doctor_accounts.get_or_create_users())
    lobby.refresh_from_db()
    assert (lobby.members, lobby.seq) == before
    assert len(queries.members_of(alice, lobby.pk)) == lobby.members


def test_the_first_visible_user_still_becomes_owner(db: None, settings: Settings) -> None:
    settings.EMBEDDED = True
    doctor_accounts.get_or_create_users()
    erin = User.objects.create_user("erin")
    assert [erin] == list(User.objects.filter(is_superuser=True))


def test_no_user_can_find_invite_or_message_hidden_users(alice: User, pair: Pair) -> None:
    assert queries.find_users("doctor") == []
    den = rooms.create(alice, name="Den", kind="private")
    with pytest.raises(User.DoesNotExist):
        members.invite(alice, room_id=den.pk, user_id=pair[0].pk)
    with pytest.raises(User.DoesNotExist):
        rooms.open_direct(alice, user_id=pair[0].pk)


def test_hidden_users_cannot_join_or_create_other_rooms(
    alice: User, pair: Pair, lobby: Room
) -> None:
    hall = rooms.create(alice, name="Hall", kind="public")
    for room_id in (hall.pk, lobby.pk):
        with pytest.raises(PermissionDenied):
            members.join(pair[0], room_id=room_id)
    with pytest.raises(PermissionDenied):
        rooms.create(pair[0], name="Den", kind="private")


def test_the_admin_shows_a_regular_room_that_a_hidden_user_is_in(
    client: Client, alice: User, pair: Pair
) -> None:
    den = rooms.create(alice, name="Den", kind="private")
    Membership.objects.create(room=den, user=pair[0])
    client.force_login(alice)
    assert client.get(f"/admin/chat/room/{den.pk}/change/").status_code == 200


def test_commands_do_not_accept_hidden_users(pair: Pair) -> None:
    for command in (("owner", pair[0].username), ("token", "make", pair[0].username, "a bot")):
        with pytest.raises(CommandError):
            call_command(*command)
    assert not User.objects.filter(username=pair[0].username, is_superuser=True).exists()
    assert not pair[0].tokens.exists()


def test_a_visible_user_with_the_same_username_is_refused(alice: User) -> None:
    User.objects.create_user("+doctor-2")
    with pytest.raises(ValidationError, match="another account"):
        doctor_accounts.get_or_create_users()


@pytest.mark.parametrize("broken", [0, 1])
def test_if_one_sign_out_fails_the_other_still_happens(alice: User, broken: int) -> None:
    with pytest.raises(ValueError, match="unsaved"), signed_in_accounts() as accounts:
        accounts.users[broken].pk = None
    [left] = Session.objects.all()
    assert accounts.cookies[broken].endswith(f"={left.session_key}")


def test_the_admin_does_not_show_hidden_users(
    client: Client, alice: User, pair: Pair, room: Room
) -> None:
    message = send(pair[0], room_id=room.pk, nonce="n", body="hello")
    client.force_login(alice)
    for path in (
        f"accounts/user/{pair[0].pk}/change/",
        f"chat/room/{room.pk}/change/",
        f"chat/message/{message.pk}/change/",
    ):
        assert client.get(f"/admin/{path}").status_code == 302, path
    assert b"doctor" not in client.get("/admin/accounts/user/").content
    assert f"/admin/chat/room/{room.pk}/" not in client.get("/admin/chat/room/").content.decode()


def test_hidden_users_have_no_password_and_reserved_usernames(client: Client, pair: Pair) -> None:
    assert not any(user.has_usable_password() for user in pair)
    form = {"username": "+doctor-3", "email": "d@example.org", "password1": "a b c d e f g h"}
    assert client.post("/accounts/signup/", form).status_code == 200
    assert not User.objects.filter(username="+doctor-3").exists()


def test_pruning_removes_old_messages_and_keeps_the_numbering(pair: Pair, room: Room) -> None:
    for number in range(3):
        send(pair[0], room_id=room.pk, nonce=f"old {number}", body="old")
    Event.objects.filter(room=room).update(at=timezone.now() - timedelta(hours=2))
    kept = send(pair[1], room_id=room.pk, nonce="new", body="new")
    assert (
        doctor_accounts.prune_messages(pair[0], room_id=room.pk, older_than=timedelta(hours=1)) == 3
    )
    assert list(Message.objects.filter(room=room)) == [kept]
    assert [entry.seq for entry in read_log(room.pk, kept.seq - 1, 10)] == [kept.seq]
    again = send(pair[0], room_id=room.pk, nonce="next", body="next")
    assert (again.seq, again.number) == (kept.seq + 1, kept.number + 1)


def test_no_other_log_can_be_pruned(alice: User, pair: Pair, lobby: Room) -> None:
    with pytest.raises(Room.DoesNotExist):
        doctor_accounts.prune_messages(alice, room_id=lobby.pk, older_than=timedelta(0))
    with pytest.raises(Room.DoesNotExist):
        doctor_accounts.prune_messages(pair[0], room_id=lobby.pk, older_than=timedelta(0))
    assert Event.objects.filter(room=lobby).exists()
