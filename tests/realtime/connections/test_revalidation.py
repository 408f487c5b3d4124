"""Revalidation closes connections after changes that bypass our actions."""

import asyncio
from collections.abc import Callable

import pytest
from django.contrib.sessions.models import Session
from django.test import Client
from django.utils import timezone

from hubbub.accounts.models import Token, User
from hubbub.chat.models import Membership, Room
from hubbub.realtime.connections.connection import Connection, Identity
from hubbub.realtime.connections.revalidation import revalidate
from hubbub.realtime.db.executors import close_all_connections
from hubbub.realtime.hub import Hub
from tests.support.fake_transport import FakeTransport

pytestmark = pytest.mark.django_db(transaction=True)


def close_code(identity: Identity, room: Room) -> int | None:
    """Return the code with which revalidation closes a connection, or None if it stays open."""

    async def scenario() -> int | None:
        hub, wire = Hub(), FakeTransport()
        connection = Connection(wire, identity)
        hub.connections.add(connection)
        connection.rooms.add(room.pk)
        await revalidate(hub.connections)
        await close_all_connections()
        return wire.code

    return asyncio.run(scenario())


def session_of(user: User) -> Identity:
    browser = Client()
    browser.force_login(user)
    return Identity(user, browser.session.session_key, None, {})


def sign_out_by_hand(user: User, room: Room) -> None:
    Session.objects.all().delete()


def change_password_by_hand(user: User, room: Room) -> None:
    user.set_password("another one")
    user.save()


def ban_by_hand(user: User, room: Room) -> None:
    User.objects.filter(pk=user.pk).update(banned_at=timezone.now())


def remove_by_hand(user: User, room: Room) -> None:
    Membership.objects.filter(user=user, room=room).delete()


def test_a_valid_connection_stays_open(bob: User, lobby: Room) -> None:
    assert close_code(session_of(bob), lobby) is None


@pytest.mark.parametrize(
    ("change", "code"),
    [
        (sign_out_by_hand, 4501),
        (change_password_by_hand, 4501),
        (ban_by_hand, 4502),
        (remove_by_hand, 4005),
    ],
)
def test_rows_changed_by_hand_close_the_connection(
    bob: User, lobby: Room, change: Callable[[User, Room], None], code: int
) -> None:
    identity = session_of(bob)
    change(bob, lobby)
    assert close_code(identity, lobby) == code


def test_a_token_revoked_by_hand_closes_its_connection(bob: User, lobby: Room) -> None:
    token, _ = Token.create(bob, "bot")
    identity = Identity(bob, None, token.pk, {})
    assert close_code(identity, lobby) is None
    Token.objects.update(revoked_at=timezone.now())
    assert close_code(identity, lobby) == 4501
