"""Passwords can be reset by e-mail, and each password change is recorded for all replicas."""

import re
from smtplib import SMTPException

import pytest
from django.core import mail
from django.core.mail.backends.locmem import EmailBackend
from django.test import Client
from pytest_django import Settings

from hubbub.accounts.models import User
from hubbub.chat.models import WorkspaceEvent
from tests.support.fixtures import PASSWORD

NEW = "a very different one"


class BrokenBackend(EmailBackend):
    """A mail server that fails."""

    def send_messages(self, messages: object) -> int:
        raise SMTPException("no route")


def ask(client: Client, email: str = "alice@example.org") -> str:
    answer = client.post("/accounts/password/reset/", {"email": email}, follow=True)
    return answer.content.decode()


def link_in(text: str) -> str:
    found = re.search(r"https?://\S+/accounts/password/reset/key/\S+", text)
    assert found
    return found[0]


def changes(user: User) -> int:
    return WorkspaceEvent.objects.filter(type="user.password_changed", user=user).count()


def test_the_link_in_the_email_sets_a_new_password_once(client: Client, alice: User) -> None:
    assert "Check your e-mail" in ask(client)
    path = link_in(str(mail.outbox[0].body)).removeprefix("http://testserver")
    form = client.get(path, follow=True)
    where = form.redirect_chain[-1][0]
    done = client.post(where, {"password1": NEW, "password2": NEW}, follow=True)
    assert "Password changed" in done.content.decode()
    alice.refresh_from_db()
    assert alice.check_password(NEW)
    assert changes(alice) == 1
    assert "This link no longer works" in Client().get(path).content.decode()


@pytest.mark.parametrize("host", ["testserver", "localhost"])
def test_the_link_starts_with_public_url(
    client: Client, alice: User, settings: Settings, host: str
) -> None:
    settings.PUBLIC_URL = "https://chat.example.org"
    client.post("/accounts/password/reset/", {"email": alice.email}, headers={"host": host})
    body = str(mail.outbox[0].body)
    assert link_in(body).startswith("https://chat.example.org/accounts/password/reset/key/")
    assert host not in body


def test_the_page_says_that_the_link_is_in_the_server_log(
    client: Client, settings: Settings
) -> None:
    settings.EMAIL_URL = ""
    assert "The link will be in the server log" in client.get("/accounts/password/reset/").text
    settings.EMAIL_URL = "smtp://mail.example.org"
    assert "server log" not in client.get("/accounts/password/reset/").text


@pytest.mark.django_db
def test_unknown_and_known_addresses_get_the_same_answer(client: Client) -> None:
    assert "Check your e-mail" in ask(client, "nobody@example.org")
    assert "/accounts/signup/" in str(mail.outbox[0].body)


def test_a_failed_email_shows_an_error(client: Client, alice: User, settings: Settings) -> None:
    settings.EMAIL_BACKEND = "tests.accounts.test_passwords.BrokenBackend"
    assert "The e-mail couldn&#x27;t be sent" in ask(client)


def test_changing_the_password_ends_all_other_sessions(alice: User) -> None:
    here, elsewhere = Client(), Client()
    for client in (here, elsewhere):
        client.post("/accounts/login/", {"login": "alice", "password": PASSWORD})
    form = {"oldpassword": PASSWORD, "password1": NEW, "password2": NEW}
    here.post("/accounts/password/change/", form)
    assert here.get("/settings/").status_code == 200
    assert elsewhere.get("/settings/").status_code == 302
    assert changes(alice) == 1


def test_changing_the_password_requires_the_current_one(client: Client, alice: User) -> None:
    client.post("/accounts/login/", {"login": "alice", "password": PASSWORD})
    form = {"oldpassword": "a guess", "password1": NEW, "password2": NEW}
    assert "field-error" in client.post("/accounts/password/change/", form).text
    assert changes(alice) == 0
