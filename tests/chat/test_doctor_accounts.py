"""The hidden pair that `doctor` uses is found by nobody and leaves nothing behind in the place."""

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
from hubbub.chat.event_log import read_log
from hubbub.chat.models import Event, Membership, Message, Room
from hubbub.doctor.test_accounts import signed_in_accounts

pytestmark = pytest.mark.django_db
Pair = tuple[User, User]


@pytest.fixture
def pair(alice: User) -> Pair:
    return doctor_accounts.get_or_create_users()


@pytest.fixture
def room(pair: Pair) -> Room:
    return doctor_accounts.open_room(*pair)


def test_the_same_two_and_their_room_serve_again_and_again(pair: Pair, room: Room) -> None:
    assert doctor_accounts.get_or_create_users() == pair
    assert doctor_accounts.open_room(*pair) == room
    assert room.members == 2


def test_they_are_not_in_the_lobby_and_it_is_not_told_of_them(alice: User, lobby: Room) -> None:
    lobby.refresh_from_db()
    before = (lobby.members, lobby.seq)
    doctor_accounts.open_room(*doctor_accounts.get_or_create_users())
    lobby.refresh_from_db()
    assert (lobby.members, lobby.seq) == before
    assert len(queries.members_of(alice, lobby.pk)) == lobby.members


def test_the_first_person_of_a_new_place_still_owns_it(db: None, settings: Settings) -> None:
    settings.EMBEDDED = True
    doctor_accounts.get_or_create_users()
    erin = User.objects.create_user("erin")
    assert [erin] == list(User.objects.filter(is_superuser=True))


def test_nobody_finds_invites_or_writes_to_them(alice: User, pair: Pair) -> None:
    assert queries.find_users("doctor") == []
    den = rooms.create(alice, name="Den", kind="private")
    with pytest.raises(User.DoesNotExist):
        members.invite(alice, room_id=den.pk, user_id=pair[0].pk)
    with pytest.raises(User.DoesNotExist):
        rooms.open_direct(alice, user_id=pair[0].pk)


def test_they_are_in_no_room_but_their_own(alice: User, pair: Pair, lobby: Room) -> None:
    hall = rooms.create(alice, name="Hall", kind="public")
    for room_id in (hall.pk, lobby.pk):
        with pytest.raises(PermissionDenied):
            members.join(pair[0], room_id=room_id)
    with pytest.raises(PermissionDenied):
        rooms.create(pair[0], name="Den", kind="private")


def test_a_room_of_others_stays_in_the_admin_should_one_of_them_be_in_it(
    client: Client, alice: User, pair: Pair
) -> None:
    den = rooms.create(alice, name="Den", kind="private")
    Membership.objects.create(room=den, user=pair[0])
    client.force_login(alice)
    assert client.get(f"/admin/chat/room/{den.pk}/change/").status_code == 200


def test_commands_of_operators_know_nobody_by_their_names(pair: Pair) -> None:
    for command in (("owner", pair[0].username), ("token", "make", pair[0].username, "a bot")):
        with pytest.raises(CommandError):
            call_command(*command)
    assert not User.objects.filter(username=pair[0].username, is_superuser=True).exists()
    assert not pair[0].tokens.exists()


def test_somebody_visible_is_not_used_for_one_of_them(alice: User) -> None:
    User.objects.create_user("+doctor-2")
    with pytest.raises(ValidationError, match="not hidden"):
        doctor_accounts.get_or_create_users()


@pytest.mark.parametrize("broken", [0, 1])
def test_should_one_sign_out_fail_the_other_is_done(alice: User, broken: int) -> None:
    with pytest.raises(ValueError, match="unsaved"), signed_in_accounts() as accounts:
        accounts.users[broken].pk = None
    [left] = Session.objects.all()
    assert accounts.cookies[broken].endswith(f"={left.session_key}")


def test_the_owner_of_the_place_does_not_meet_them_in_the_admin(
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


def test_they_have_no_password_and_names_that_nobody_can_take(client: Client, pair: Pair) -> None:
    assert not any(person.has_usable_password() for person in pair)
    given = {"username": "+doctor-3", "email": "d@example.org", "password1": "a b c d e f g h"}
    assert client.post("/accounts/signup/", given).status_code == 200
    assert not User.objects.filter(username="+doctor-3").exists()


def test_their_room_forgets_what_is_old_and_keeps_its_numbers(pair: Pair, room: Room) -> None:
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


def test_no_other_log_is_ever_cut(alice: User, pair: Pair, lobby: Room) -> None:
    with pytest.raises(Room.DoesNotExist):
        doctor_accounts.prune_messages(alice, room_id=lobby.pk, older_than=timedelta(0))
    with pytest.raises(Room.DoesNotExist):
        doctor_accounts.prune_messages(pair[0], room_id=lobby.pk, older_than=timedelta(0))
    assert Event.objects.filter(room=lobby).exists()
