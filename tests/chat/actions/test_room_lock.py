"""The lock that actions take on a room lets other transactions insert rows that refer to it."""

import re
from collections.abc import Callable

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from hubbub.accounts.models import User
from hubbub.chat.actions import rooms, users
from hubbub.chat.actions.send import send
from hubbub.chat.models import Room

pytestmark = pytest.mark.django_db

LOCK = re.compile(r"FOR (?:NO KEY )?UPDATE")


def rename(bob: User, room: Room) -> None:
    rooms.rename(bob, room_id=room.pk, name="moorings")


def send_message(bob: User, room: Room) -> None:
    send(bob, room_id=room.pk, nonce="1", body="ahoy")


def make_owner(bob: User, room: Room) -> None:
    users.make_owner(bob)


@pytest.mark.deployment  # SQLite has no row locks
@pytest.mark.parametrize("act", [rename, send_message, make_owner])
def test_a_room_is_locked_without_its_key(
    bob: User, harbour: Room, act: Callable[[User, Room], None]
) -> None:
    with CaptureQueriesContext(connection) as queries:
        act(bob, harbour)
    locking = [each["sql"] for each in queries if LOCK.search(each["sql"])]
    assert any("chat_room" in sql for sql in locking)
    assert {lock for sql in locking for lock in LOCK.findall(sql)} == {"FOR NO KEY UPDATE"}
