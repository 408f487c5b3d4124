"""In the settings one sees to one's name, one's ways in and one's tokens."""

import re

import pytest
from django.core import mail
from django.test import Client

from hubbub.accounts.models import Token, User
from hubbub.chat.models import WorkspaceEvent
from tests.support.fixtures import PASSWORD


@pytest.fixture
def bob_in(client: Client, bob: User) -> Client:
    client.post("/accounts/login/", {"login": "bob", "password": PASSWORD})
    return client


def page(client: Client) -> str:
    return client.get("/settings/").text


@pytest.mark.parametrize("path", ["", "name/", "tokens/", "tokens/1/revoke/"])
def test_a_stranger_is_asked_to_sign_in(client: Client, path: str) -> None:
    answer = client.get(f"/settings/{path}")
    assert answer.headers["Location"].startswith("/accounts/login/?next=")


def test_a_new_name_is_shown_and_told_to_everyone(bob_in: Client, bob: User) -> None:
    answer = bob_in.post("/settings/name/", {"name": " Bob  Baker "}, follow=True)
    assert "Display name saved." in answer.text
    assert "<h1>Bob Baker</h1>" in answer.text
    assert WorkspaceEvent.objects.filter(type="user.renamed", user=bob).count() == 1


def test_no_name_means_the_username(bob_in: Client, bob: User) -> None:
    bob_in.post("/settings/name/", {"name": ""})
    bob.refresh_from_db()
    assert bob.name == "bob"


@pytest.mark.parametrize("name", ["x" * 81, "b\u202eob", "b\u200bob"])
def test_a_name_that_would_confuse_is_refused(bob_in: Client, bob: User, name: str) -> None:
    answer = bob_in.post("/settings/name/", {"name": name})
    assert "field-error" in answer.text
    bob.refresh_from_db()
    assert bob.name == "Bob"


def test_a_name_stays_text(bob_in: Client) -> None:
    bob_in.post("/settings/name/", {"name": "<b>Bob</b>"})
    assert "&lt;b&gt;Bob&lt;/b&gt;" in page(bob_in)


def test_a_token_is_shown_once_and_listed_by_its_name(bob_in: Client, bob: User) -> None:
    answer = bob_in.post("/settings/tokens/", {"name": "build server"})
    secrets = re.findall(r"hub_[\w-]{40,}", answer.text)
    assert len(secrets) == 1
    assert "no-store" in answer.headers["Cache-Control"]
    assert Token.objects.usable().matching(secrets[0]).get().user == bob
    assert "build server" in page(bob_in)
    assert "never used" in page(bob_in)
    assert secrets[0] not in page(bob_in)


def test_a_token_without_a_name_is_refused(bob_in: Client) -> None:
    assert "field-error" in bob_in.post("/settings/tokens/", {"name": " "}).text
    assert not Token.objects.exists()


def test_a_revoked_token_is_gone_and_told_to_every_replica(bob_in: Client, bob: User) -> None:
    token, secret = Token.make(bob, "build server")
    answer = bob_in.post(f"/settings/tokens/{token.pk}/revoke/", follow=True)
    assert "Token “build server” revoked." in answer.text
    assert "You don't have any tokens yet." in page(bob_in)
    assert not Token.objects.usable().matching(secret).exists()
    assert WorkspaceEvent.objects.get(type="token.revoked", user=bob).data == {"token": token.pk}


def test_nobody_revokes_a_token_of_somebody_else(bob_in: Client, alice: User) -> None:
    token, _ = Token.make(alice, "hers")
    assert bob_in.post(f"/settings/tokens/{token.pk}/revoke/").status_code == 404
    assert Token.objects.usable().filter(pk=token.pk).exists()


def test_an_address_of_a_form_leads_back_to_the_page(bob_in: Client) -> None:
    for path in ("name/", "tokens/", "tokens/1/revoke/"):
        assert bob_in.get(f"/settings/{path}").headers["Location"] == "/settings/"


def prove(client: Client, password: str = PASSWORD) -> None:
    form = {"password": password, "next": "/accounts/email/"}
    client.post("/accounts/reauthenticate/", form)


def change_address(client: Client, email: str) -> str:
    form = {"email": email, "action_add": ""}
    return client.post("/accounts/email/", form, follow=True).text


def test_a_new_address_counts_once_it_is_confirmed(bob_in: Client, bob: User) -> None:
    prove(bob_in)
    assert "We sent a link to" in change_address(bob_in, "robert@example.org")
    bob.refresh_from_db()
    assert bob.email == "bob@example.org"
    found = re.search(r"http://testserver(/accounts/confirm-email/\S+)", str(mail.outbox[-1].body))
    assert found
    assert (
        "Is <strong>robert@example.org</strong> your e-mail address, Bob?"
        in bob_in.get(found[1]).text
    )
    bob_in.post(found[1])
    bob.refresh_from_db()
    assert bob.email == "robert@example.org"
    assert "This link no longer works" in bob_in.get(found[1]).text


def test_one_can_keep_the_old_address(bob_in: Client, bob: User) -> None:
    prove(bob_in)
    change_address(bob_in, "robert@example.org")
    form = {"email": "robert@example.org", "action_remove": ""}
    assert "We sent a link to" not in bob_in.post("/accounts/email/", form, follow=True).text
    bob.refresh_from_db()
    assert bob.email == "bob@example.org"


def test_changing_the_address_needs_the_password(bob_in: Client) -> None:
    assert "Confirm it's you" in change_address(bob_in, "robert@example.org")
    prove(bob_in, "a guess")
    assert "Confirm it's you" in change_address(bob_in, "robert@example.org")
    assert not mail.outbox
