"""The address "/" redirects to a room."""

import pytest
from django.test import Client

from hubbub.accounts.models import User
from hubbub.chat.actions import rooms
from hubbub.chat.models import Room

pytestmark = pytest.mark.django_db


def test_home_redirects_to_the_last_room_or_else_to_the_lobby(bob: User, lobby: Room) -> None:
    room = rooms.create(bob, name="Attic", kind="public")
    client = Client()
    client.force_login(bob)
    assert client.get("/")["Location"] == f"/rooms/{lobby.pk}"
    client.cookies["room"] = str(room.pk)
    assert client.get("/")["Location"] == f"/rooms/{room.pk}"
    client.cookies["room"] = "gone"
    assert client.get("/")["Location"] == f"/rooms/{lobby.pk}"
