"""One statement reads the access of several users to the rooms that each of them asks for."""

import pytest
from django.utils import timezone
from pytest_django import DjangoAssertNumQueries

from hubbub.accounts.models import User
from hubbub.chat.actions import rooms
from hubbub.chat.models import Room
from hubbub.realtime.subscriptions.room_access import RoomAccess, read_many, read_room_access

pytestmark = pytest.mark.django_db

UNKNOWN = 10**17


def test_each_query_gets_its_own_answer_from_one_statement(
    alice: User, charlie: User, lobby: Room, django_assert_num_queries: DjangoAssertNumQueries
) -> None:
    private = rooms.create(alice, name="ours", kind="private")
    public = rooms.create(alice, name="everyone's", kind="public")
    Room.objects.filter(pk=public.pk).update(archived_at=timezone.now())
    lobby.refresh_from_db()
    alices = (alice.pk, (private.pk, lobby.pk))
    charlies = (charlie.pk, (private.pk, public.pk, UNKNOWN))
    charlies_lobby = (charlie.pk, (lobby.pk,))
    with django_assert_num_queries(1):
        found = read_many([alices, charlies, charlies_lobby])
    assert found[alices] == {
        private.pk: RoomAccess(private.seq, True, False, False),
        lobby.pk: RoomAccess(lobby.seq, True, True, False),
    }
    assert found[charlies] == {
        private.pk: RoomAccess(private.seq, False, False, False),
        public.pk: RoomAccess(public.seq, False, True, True),
    }
    assert found[charlies_lobby] == {lobby.pk: RoomAccess(lobby.seq, True, True, False)}


def test_a_query_for_no_rooms_runs_no_statement(
    alice: User, django_assert_num_queries: DjangoAssertNumQueries
) -> None:
    with django_assert_num_queries(0):
        assert read_room_access(alice.pk, []) == {}
