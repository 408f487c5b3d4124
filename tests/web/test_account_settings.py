"""The settings page: the display name, the e-mail address and bearer tokens."""

import re

import pytest
from django.conf import settings
from django.core import mail
from django.test import Client

from hubbub.accounts.models import Token, User
from hubbub.chat.models import WorkspaceEvent
from tests.support.fixtures import PASSWORD


@pytest.fixture
def bob_client(client: Client, bob: User) -> Client:
    client.post("/accounts/login/", {"login": "bob", "password": PASSWORD})
    return client


def page(client: Client) -> str:
    return client.get("/settings/").text


@pytest.mark.parametrize("path", ["", "name/", "tokens/", "tokens/1/revoke/"])
def test_signed_out_visitors_are_asked_to_sign_in(client: Client, path: str) -> None:
    answer = client.get(f"/settings/{path}")
    assert answer.headers["Location"].startswith("/accounts/login/?next=")


def test_the_page_shows_the_version(bob_client: Client) -> None:
    assert f"Hubbub {settings.VERSION}" in page(bob_client)


def test_a_new_name_is_shown_and_published(bob_client: Client, bob: User) -> None:
    answer = bob_client.post("/settings/name/", {"name": " Bob  Baker "}, follow=True)
    assert "Display name saved." in answer.text
    assert "<h1>Bob Baker</h1>" in answer.text
    assert WorkspaceEvent.objects.filter(type="user.renamed", user=bob).count() == 1


def test_an_empty_name_means_the_username(bob_client: Client, bob: User) -> None:
    bob_client.post("/settings/name/", {"name": ""})
    bob.refresh_from_db()
    assert bob.name == "bob"


@pytest.mark.parametrize("name", ["x" * 81, "b\u202eob", "b\u200bob"])
def test_a_name_that_is_too_long_or_has_control_characters_is_refused(
    bob_client: Client, bob: User, name: str
) -> None:
    answer = bob_client.post("/settings/name/", {"name": name})
    assert "field-error" in answer.text
    bob.refresh_from_db()
    assert bob.name == "Bob"


def test_html_in_a_name_is_escaped(bob_client: Client) -> None:
    bob_client.post("/settings/name/", {"name": "<b>Bob</b>"})
    assert "&lt;b&gt;Bob&lt;/b&gt;" in page(bob_client)


def test_a_token_is_shown_once_and_then_listed_by_name(bob_client: Client, bob: User) -> None:
    answer = bob_client.post("/settings/tokens/", {"name": "build server"})
    secrets = re.findall(r"hub_[\w-]{40,}", answer.text)
    assert len(secrets) == 1
    assert "no-store" in answer.headers["Cache-Control"]
    assert Token.objects.usable().matching(secrets[0]).get().user == bob
    assert "build server" in page(bob_client)
    assert "never used" in page(bob_client)
    assert secrets[0] not in page(bob_client)


def test_a_token_without_a_name_is_refused(bob_client: Client) -> None:
    assert "field-error" in bob_client.post("/settings/tokens/", {"name": " "}).text
    assert not Token.objects.exists()


def test_a_revoked_token_is_gone_and_published(bob_client: Client, bob: User) -> None:
    token, secret = Token.create(bob, "build server")
    answer = bob_client.post(f"/settings/tokens/{token.pk}/revoke/", follow=True)
    assert "Token “build server” revoked." in answer.text
    assert "You don't have any tokens yet." in page(bob_client)
    assert not Token.objects.usable().matching(secret).exists()
    assert WorkspaceEvent.objects.get(type="token.revoked", user=bob).data == {"token": token.pk}


def test_another_users_token_cannot_be_revoked(bob_client: Client, alice: User) -> None:
    token, _ = Token.create(alice, "Alice's token")
    assert bob_client.post(f"/settings/tokens/{token.pk}/revoke/").status_code == 404
    assert Token.objects.usable().filter(pk=token.pk).exists()


def test_a_get_of_a_forms_address_redirects_to_the_page(bob_client: Client) -> None:
    for path in ("name/", "tokens/", "tokens/1/revoke/"):
        assert bob_client.get(f"/settings/{path}").headers["Location"] == "/settings/"


def confirm_identity(client: Client, password: str = PASSWORD) -> None:
    form = {"password": password, "next": "/accounts/email/"}
    client.post("/accounts/reauthenticate/", form)


def request_email_change(client: Client, email: str) -> str:
    form = {"email": email, "action_add": ""}
    return client.post("/accounts/email/", form, follow=True).text


def test_a_new_email_address_takes_effect_once_confirmed(bob_client: Client, bob: User) -> None:
    confirm_identity(bob_client)
    assert "We sent a link to" in request_email_change(bob_client, "robert@example.org")
    bob.refresh_from_db()
    assert bob.email == "bob@example.org"
    found = re.search(r"http://testserver(/accounts/confirm-email/\S+)", str(mail.outbox[-1].body))
    assert found
    assert (
        "Is <strong>robert@example.org</strong> your e-mail address, Bob?"
        in bob_client.get(found[1]).text
    )
    bob_client.post(found[1])
    bob.refresh_from_db()
    assert bob.email == "robert@example.org"
    assert "This link no longer works" in bob_client.get(found[1]).text


def test_an_email_change_can_be_cancelled(bob_client: Client, bob: User) -> None:
    confirm_identity(bob_client)
    request_email_change(bob_client, "robert@example.org")
    form = {"email": "robert@example.org", "action_remove": ""}
    assert "We sent a link to" not in bob_client.post("/accounts/email/", form, follow=True).text
    bob.refresh_from_db()
    assert bob.email == "bob@example.org"


def test_changing_the_email_address_needs_the_password(bob_client: Client) -> None:
    assert "Confirm it's you" in request_email_change(bob_client, "robert@example.org")
    confirm_identity(bob_client, "a guess")
    assert "Confirm it's you" in request_email_change(bob_client, "robert@example.org")
    assert not mail.outbox
