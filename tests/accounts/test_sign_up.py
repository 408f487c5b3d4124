"""New users are signed in and join the lobby.

On the embedded default, the first user becomes the owner of the workspace.
"""

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from threading import Barrier

import pytest
from django.contrib.sessions.models import Session
from django.db import connection
from django.test import Client
from pytest_django import Settings

from hubbub.accounts.models import User
from hubbub.chat.models import Membership, Room
from tests.support.fixtures import PASSWORD


@pytest.fixture
def embedded(settings: Settings) -> None:
    settings.EMBEDDED = True


@pytest.fixture
def deployed(settings: Settings) -> None:
    settings.EMBEDDED = False


def sign_up(client: Client, username: str, **more: str) -> str:
    """Submit the sign-up form. Return the next page."""
    form = {"username": username, "email": f"{username}@example.org", "password1": PASSWORD} | more
    return client.post("/accounts/signup/", form, follow=True).content.decode()


def page(client: Client, path: str) -> str:
    return client.get(path).content.decode()


@pytest.mark.django_db
def test_a_new_user_is_signed_in_and_in_the_lobby(client: Client, lobby: Room) -> None:
    sign_up(client, "alice")
    assert "alice@example.org" in page(client, "/settings/")
    assert Membership.objects.filter(room=lobby, user__username="alice").exists()


@pytest.mark.django_db
def test_pages_before_and_after_sign_up_tell_the_first_user_that_they_own_the_workspace(
    client: Client, embedded: None
) -> None:
    assert "this account will own the workspace" in page(client, "/accounts/signup/")
    assert "the first account owns this workspace" in page(client, "/accounts/login/")
    shown = sign_up(client, "alice", next="/rooms/1/7")
    assert "Your workspace is ready" in shown
    assert 'href="/rooms/1/7"' in shown
    assert User.objects.get(username="alice").is_owner
    assert "workspace owner" in page(client, "/settings/")


def test_the_welcome_page_never_redirects_to_another_site(
    client: Client, alice: User, bob: User
) -> None:
    client.force_login(alice, "django.contrib.auth.backends.ModelBackend")
    assert "evil" not in page(client, "/welcome/?next=https://evil.example/")
    client.force_login(bob, "django.contrib.auth.backends.ModelBackend")
    for target, redirect in {"": "/", "/rooms/1": "/rooms/1", "0": "0", "home": "home"}.items():
        answer = client.get("/welcome/", {"next": target})
        assert answer.headers["Location"] == redirect


@pytest.mark.django_db
def test_the_second_user_is_a_member_and_sees_nothing_about_ownership(
    client: Client, embedded: None, alice: User
) -> None:
    assert "will own the workspace" not in page(client, "/accounts/signup/")
    assert "Your workspace is ready" not in sign_up(client, "bob", next="/settings/")
    assert not User.objects.get(username="bob").is_owner


@pytest.mark.django_db
def test_in_a_deployment_people_who_sign_up_become_members(client: Client, deployed: None) -> None:
    assert "will own the workspace" not in page(client, "/accounts/signup/")
    sign_up(client, "alice")
    assert not User.objects.get(username="alice").is_owner


@pytest.fixture
def two_at_once() -> Iterator[ThreadPoolExecutor]:
    with ThreadPoolExecutor(2) as pool:
        yield pool


@pytest.mark.django_db(transaction=True)
def test_of_two_sign_ups_at_once_one_becomes_owner(
    embedded: None, two_at_once: ThreadPoolExecutor
) -> None:
    start = Barrier(2)

    def enter(username: str) -> None:
        try:
            start.wait(10)
            sign_up(Client(), username, next="/settings/")
        finally:
            connection.close()

    list(two_at_once.map(enter, ["alice", "bob"]))
    assert User.objects.filter(is_superuser=True).count() == 1
    assert Membership.objects.filter(room__is_lobby=True).count() == 2


@pytest.mark.django_db
@pytest.mark.parametrize("taken", ["alice", "ALICE"])
def test_a_taken_username_is_refused(client: Client, alice: User, taken: str) -> None:
    sign_up(client, taken, email="other@example.org")
    assert User.objects.count() == 1
    assert not Session.objects.exists()


@pytest.mark.django_db
@pytest.mark.parametrize("username", ["a b", "-al", "ал", "a", "x" * 31, "everyone"])
def test_a_confusing_username_is_refused(client: Client, username: str) -> None:
    assert "field-error" in sign_up(client, username, email="someone@example.org")
    assert not User.objects.exists()


@pytest.mark.django_db
def test_a_taken_email_address_is_refused(client: Client, alice: User) -> None:
    assert "field-error" in sign_up(client, "alison", email="Alice@example.org")
    assert User.objects.count() == 1


@pytest.mark.django_db
def test_a_weak_password_is_refused(client: Client) -> None:
    assert "too common" in sign_up(client, "alice", password1="password")
    assert not User.objects.exists()


@pytest.mark.django_db
def test_signing_up_redirects_to_the_requested_page(
    client: Client, alice: User, lobby: Room
) -> None:
    link = f"/rooms/{lobby.pk}/7"
    assert f'value="{link}"' in page(client, f"/accounts/signup/?next={link}")
    form = {"username": "bob", "email": "b@example.org", "password1": PASSWORD, "next": link}
    assert client.post("/accounts/signup/", form).headers["Location"] == link


@pytest.mark.django_db
def test_sign_ups_from_one_address_are_limited(client: Client, settings: Settings) -> None:
    settings.ACCOUNT_RATE_LIMITS = {"signup": "2/m/ip"}
    for username in ("alice", "bob"):
        sign_up(Client(), username)
    answer = client.post("/accounts/signup/", {"username": "charlie"})
    assert answer.status_code == 429
    assert "Too many attempts" in answer.content.decode()
