"""The chat page: which data it embeds for which user, at what cost, and which modules it loads."""

import json
import re
from typing import Any

import pytest
from django.conf import settings
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from hubbub.accounts.models import User
from hubbub.chat.actions import members, rooms
from hubbub.chat.actions.send import send_many
from hubbub.chat.actions.send_batch import Draft
from hubbub.chat.models import Room
from hubbub.web.importmap import STATIC_DIR, import_map, modules

pytestmark = pytest.mark.django_db


def send_messages(user: User, room: Room, count: int, start: int = 0) -> None:
    numbers = range(start, start + count)
    send_many([Draft(user.pk, room.pk, f"{room.pk}-{n}", f"body {n}") for n in numbers])


def embedded_data(client: Client, path: str) -> dict[str, Any]:
    """Return the data that is embedded in the page at `path`."""
    answer = client.get(path)
    assert answer.status_code == 200
    found = re.search(r'<script id="page-data"[^>]*>(.*?)</script>', answer.content.decode())
    assert found
    data: dict[str, Any] = json.loads(found[1])
    return data


def client_of(user: User) -> Client:
    client = Client()
    client.force_login(user)
    return client


def test_signed_out_visitors_sign_in_and_return_to_the_link(client: Client) -> None:
    answer = client.get("/rooms/1/5")
    assert answer.status_code == 302
    assert answer["Location"] == "/accounts/login/?next=/rooms/1/5"


def test_the_page_embeds_the_latest_messages(bob: User, lobby: Room) -> None:
    send_messages(bob, lobby, 60)
    data = embedded_data(client_of(bob), f"/rooms/{lobby.pk}")
    assert data["me"] == {"id": bob.pk, "name": "Bob", "username": "bob", "owner": False}
    assert [room["id"] for room in data["rooms"]] == [lobby.pk]
    assert [message["body"] for message in data["page"]["messages"]][-1] == "body 59"
    assert data["page"]["has_before"]


def test_a_permalink_embeds_the_messages_around_it(bob: User, lobby: Room) -> None:
    send_messages(bob, lobby, 120)
    lobby.refresh_from_db()
    seq = lobby.seq - 100
    data = embedded_data(client_of(bob), f"/rooms/{lobby.pk}/{seq}")
    assert data["seq"] == seq
    assert seq in [message["seq"] for message in data["page"]["messages"]]
    assert data["page"]["has_after"]


def test_a_public_room_is_shown_without_its_messages_before_joining(
    alice: User, charlie: User
) -> None:
    room = rooms.create(alice, name="Garden", kind="public")
    send_messages(alice, room, 1)
    data = embedded_data(client_of(charlie), f"/rooms/{room.pk}")
    assert data["page"] is None
    assert "role" not in data["room"]
    assert room.pk not in [each["id"] for each in data["rooms"]]


def test_a_private_room_is_not_found_by_others(alice: User, charlie: User) -> None:
    room = rooms.create(alice, name="Cellar", kind="private")
    client = client_of(charlie)
    assert client.get(f"/rooms/{room.pk}").status_code == 404
    assert client.get("/rooms/99999").status_code == 404
    assert client.get(f"/rooms/{2**70}").status_code == 404
    assert client.get(f"/rooms/{room.pk}/{2**70}").status_code == 404


def test_a_removed_member_reads_nothing_more(alice: User, bob: User) -> None:
    room = rooms.create(alice, name="Cellar", kind="private")
    members.invite(alice, room_id=room.pk, user_id=bob.pk)
    client = client_of(bob)
    assert embedded_data(client, f"/rooms/{room.pk}")["page"]
    members.remove(alice, room_id=room.pk, user_id=bob.pk)
    assert client.get(f"/rooms/{room.pk}").status_code == 404


def test_a_long_room_costs_as_many_queries_as_a_short_one(bob: User) -> None:
    client = client_of(bob)
    counts = []
    for length in (5, 400):
        room = rooms.create(bob, name=f"Room of {length}", kind="public")
        send_messages(bob, room, length)
        with CaptureQueriesContext(
            connection,
        ) as queries:
            client.get(f"/rooms/{room.pk}")
        counts.append(len(queries))
    assert counts[0] == counts[1]
    assert counts[0] <= 9


def test_only_our_own_scripts_and_the_import_map_run_on_the_page(bob: User, lobby: Room) -> None:
    send_messages(bob, lobby, 1)
    answer = client_of(bob).get(f"/rooms/{lobby.pk}")
    html = answer.content.decode()
    inline = re.findall(r"<script(?![^>]*\bsrc=)([^>]*)>", html)
    [nonce] = re.findall(r"'nonce-([^']+)'", answer["Content-Security-Policy"])
    assert len(inline) == 2
    assert f'type="importmap" nonce="{nonce}"' in inline[0]
    assert 'type="application/json"' in inline[1]
    assert not re.search(r"<[^>]+\s(style|on\w+)=", html)
    assert "unsafe" not in answer["Content-Security-Policy"]


def test_the_import_map_maps_every_module_to_its_hashed_name(settings: Any, tmp_path: Any) -> None:
    from django.contrib.staticfiles.storage import staticfiles_storage
    from django.core.management import call_command

    settings.STATIC_ROOT = str(tmp_path)
    settings.STORAGES = settings.STORAGES | {
        "staticfiles": {"BACKEND": "django.contrib.staticfiles.storage.ManifestStaticFilesStorage"}
    }
    call_command("collectstatic", "--no-input", verbosity=0)
    staticfiles_storage._setup()  # type: ignore[attr-defined]
    import_map.cache_clear()
    try:
        imports = json.loads(import_map())["imports"]
    finally:
        import_map.cache_clear()
    for path in modules():
        assert re.search(r"\.[0-9a-f]{12}\.js$", imports[f"/static/{path}"])
    assert imports["lit"] == imports["/static/hubbub/vendor/lit/lit-element.js"]


def test_every_import_of_a_module_exists() -> None:
    named = json.loads(import_map())["imports"]
    for path in modules():
        text = (STATIC_DIR / path).read_text()
        for name in re.findall(r'(?:from|import)\s*"([^"]+)"', text):
            if name.startswith("."):
                assert (STATIC_DIR / path).parent.joinpath(name).exists(), (path, name)
            else:
                assert name in named, (path, name)


def test_the_scripts_texts_come_from_the_catalog(client: Client) -> None:
    answer = client.get("/catalog.js")
    assert answer["Content-Type"].startswith("text/javascript")
    assert b"ngettext" in answer.content
    assert settings.STATIC_URL == "/static/"
