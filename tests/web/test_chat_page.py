"""The chat page's shell: who gets which, what is embedded, and at what cost."""

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


def say(user: User, room: Room, count: int, start: int = 0) -> None:
    numbers = range(start, start + count)
    send_many([Draft(user.pk, room.pk, f"{room.pk}-{n}", f"body {n}") for n in numbers])


def embedded(client: Client, path: str) -> dict[str, Any]:
    """Return the data that the page of `path` begins with."""
    answer = client.get(path)
    assert answer.status_code == 200
    found = re.search(r'<script id="page-data"[^>]*>(.*?)</script>', answer.content.decode())
    assert found
    data: dict[str, Any] = json.loads(found[1])
    return data


def signed_in(user: User) -> Client:
    client = Client()
    client.force_login(user)
    return client


def test_a_stranger_signs_in_and_comes_back_to_the_link(client: Client) -> None:
    answer = client.get("/rooms/1/5")
    assert answer.status_code == 302
    assert answer["Location"] == "/accounts/login/?next=/rooms/1/5"


def test_home_leads_to_the_last_room_and_else_to_the_lobby(bob: User, lobby: Room) -> None:
    room = rooms.create(bob, name="Attic", kind="public")
    client = signed_in(bob)
    assert client.get("/")["Location"] == f"/rooms/{lobby.pk}"
    client.cookies["room"] = str(room.pk)
    assert client.get("/")["Location"] == f"/rooms/{room.pk}"
    client.cookies["room"] = "gone"
    assert client.get("/")["Location"] == f"/rooms/{lobby.pk}"


def test_the_page_begins_with_the_newest_messages(bob: User, lobby: Room) -> None:
    say(bob, lobby, 60)
    data = embedded(signed_in(bob), f"/rooms/{lobby.pk}")
    assert data["me"] == {"id": bob.pk, "name": "Bob", "username": "bob", "owner": False}
    assert [room["id"] for room in data["rooms"]] == [lobby.pk]
    assert [message["body"] for message in data["page"]["messages"]][-1] == "body 59"
    assert data["page"]["has_before"]


def test_the_address_of_a_message_begins_around_it(bob: User, lobby: Room) -> None:
    say(bob, lobby, 120)
    lobby.refresh_from_db()
    seq = lobby.seq - 100
    data = embedded(signed_in(bob), f"/rooms/{lobby.pk}/{seq}")
    assert data["seq"] == seq
    assert seq in [message["seq"] for message in data["page"]["messages"]]
    assert data["page"]["has_after"]


def test_a_public_room_is_offered_without_its_messages(alice: User, charlie: User) -> None:
    room = rooms.create(alice, name="Garden", kind="public")
    say(alice, room, 1)
    data = embedded(signed_in(charlie), f"/rooms/{room.pk}")
    assert data["page"] is None
    assert "role" not in data["room"]
    assert room.pk not in [each["id"] for each in data["rooms"]]


def test_a_private_room_is_not_found_by_strangers(alice: User, charlie: User) -> None:
    room = rooms.create(alice, name="Cellar", kind="private")
    client = signed_in(charlie)
    assert client.get(f"/rooms/{room.pk}").status_code == 404
    assert client.get("/rooms/99999").status_code == 404
    assert client.get(f"/rooms/{2**70}").status_code == 404
    assert client.get(f"/rooms/{room.pk}/{2**70}").status_code == 404


def test_one_who_was_removed_reads_nothing_more(alice: User, bob: User) -> None:
    room = rooms.create(alice, name="Cellar", kind="private")
    members.invite(alice, room_id=room.pk, user_id=bob.pk)
    client = signed_in(bob)
    assert embedded(client, f"/rooms/{room.pk}")["page"]
    members.remove(alice, room_id=room.pk, user_id=bob.pk)
    assert client.get(f"/rooms/{room.pk}").status_code == 404


def test_a_long_room_costs_as_many_queries_as_a_short_one(bob: User) -> None:
    client = signed_in(bob)
    counts = []
    for length in (5, 400):
        room = rooms.create(bob, name=f"Room of {length}", kind="public")
        say(bob, room, length)
        with CaptureQueriesContext(
            connection,
        ) as queries:
            client.get(f"/rooms/{room.pk}")
        counts.append(len(queries))
    assert counts[0] == counts[1]
    assert counts[0] <= 9


def test_nothing_runs_on_the_page_but_files_of_ours_and_the_import_map(
    bob: User, lobby: Room
) -> None:
    say(bob, lobby, 1)
    answer = signed_in(bob).get(f"/rooms/{lobby.pk}")
    html = answer.content.decode()
    inline = re.findall(r"<script(?![^>]*\bsrc=)([^>]*)>", html)
    [nonce] = re.findall(r"'nonce-([^']+)'", answer["Content-Security-Policy"])
    assert len(inline) == 2
    assert f'type="importmap" nonce="{nonce}"' in inline[0]
    assert 'type="application/json"' in inline[1]
    assert not re.search(r"<[^>]+\s(style|on\w+)=", html)
    assert "unsafe" not in answer["Content-Security-Policy"]


def test_the_import_map_leads_to_hashed_names_from_every_plain_one(
    settings: Any, tmp_path: Any
) -> None:
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


def test_every_import_of_a_module_is_of_a_file_that_is_there() -> None:
    named = json.loads(import_map())["imports"]
    for path in modules():
        text = (STATIC_DIR / path).read_text()
        for name in re.findall(r'(?:from|import)\s*"([^"]+)"', text):
            if name.startswith("."):
                assert (STATIC_DIR / path).parent.joinpath(name).exists(), (path, name)
            else:
                assert name in named, (path, name)


def test_the_words_of_the_script_come_from_the_catalog(client: Client) -> None:
    answer = client.get("/catalog.js")
    assert answer["Content-Type"].startswith("text/javascript")
    assert b"ngettext" in answer.content
    assert settings.STATIC_URL == "/static/"
