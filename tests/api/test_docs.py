"""The OpenAPI document is complete; its page loads only our own files, under the strict CSP."""

import re

import pytest
from django.contrib.staticfiles import finders
from django.test import Client

from hubbub.accounts.models import User
from hubbub.api.schemas import MessageInfo, RoomInfo
from hubbub.chat.actions.send import send
from hubbub.chat.models import Membership, Room
from hubbub.chat.serializers import serialize_message, serialize_room

pytestmark = pytest.mark.django_db


def test_the_page_loads_only_our_files_and_has_no_inline_script() -> None:
    page = Client().get("/api/docs")
    text = page.content.decode()
    assert page.status_code == 200
    loaded = re.findall(r'(?:src|href)="([^"]+)"', text)
    assert loaded
    for address in loaded:
        assert address.startswith("/static/")
        assert finders.find(address.removeprefix("/static/")), address
    assert re.findall(r"<script(?![^>]*src)([^>]*)>", text) == [
        ' type="application/json" id="swagger-settings"'
    ]
    policy = page.headers["Content-Security-Policy"]
    assert "script-src 'self'" in policy
    assert "unsafe-inline" not in policy.replace("style-src 'self' 'unsafe-inline'", "")


def test_only_this_page_allows_inline_styles() -> None:
    assert (
        "unsafe-inline" not in Client().get("/accounts/login/").headers["Content-Security-Policy"]
    )


def test_the_document_has_every_endpoint_with_its_errors() -> None:
    document = Client().get("/api/openapi.json").json()
    assert set(document["components"]["securitySchemes"]) == {"Bearer", "Session"}
    paths = document["paths"]
    endpoints = {f"{method.upper()} {path}" for path, found in paths.items() for method in found}
    assert "POST /api/rooms/{room_id}/messages" in endpoints
    assert len(endpoints) == 21
    for found in paths.values():
        for operation in found.values():
            assert operation["summary"]
            assert operation["security"] == [{"Bearer": []}, {"Session": []}]
            refusals = {status for status in operation["responses"] if status[0] in "45d"}
            assert refusals == {"400", "401", "403", "404", "413", "429", "503"}
            assert all("Problem" in str(operation["responses"][status]) for status in refusals)


def test_the_document_has_every_field_of_the_protocol(bob: User, lobby: Room) -> None:
    message = serialize_message(send(bob, room_id=lobby.pk, nonce="n", body="hello"))
    assert set(MessageInfo.model_fields) == set(message)
    room = serialize_room(lobby, Membership.objects.get(room=lobby, user=bob))
    assert {field.alias or name for name, field in RoomInfo.model_fields.items()} == set(room) | {
        "with"
    }
