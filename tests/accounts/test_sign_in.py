"""Signing in and out, and what users who cannot sign in see."""

from concurrent.futures import ThreadPoolExecutor

import pytest
from django.contrib.sessions.models import Session
from django.core.cache import caches
from django.test import Client
from pytest_django import Settings

from hubbub.accounts import redis_cache
from hubbub.accounts.models import User
from hubbub.accounts.redis_cache import FailOpenRedisCache
from hubbub.chat.actions import users
from hubbub.chat.models import WorkspaceEvent
from hubbub.observability import metrics
from loadtests.lib.servers import Redis
from tests.support.fixtures import PASSWORD


def sign_in(client: Client, login: str, password: str = PASSWORD, **more: str) -> str:
    """Submit the sign-in form. Return the address of the redirect, or the page with the error."""
    answer = client.post("/accounts/login/", {"login": login, "password": password} | more)
    return answer.headers.get("Location") or answer.content.decode()


def is_signed_in(client: Client) -> bool:
    return client.get("/settings/").status_code == 200


@pytest.mark.parametrize("login", ["alice", "Alice", " alice ", "alice@example.org"])
def test_signing_in_works_by_username_or_email(client: Client, alice: User, login: str) -> None:
    assert sign_in(client, login) == "/"
    assert is_signed_in(client)


@pytest.mark.parametrize("login", ["alice", "nobody", "alice@example.org", "no@example.org"])
def test_a_wrong_password_and_a_wrong_username_get_the_same_answer(
    client: Client, alice: User, login: str
) -> None:
    shown = sign_in(client, login, "wrong")
    assert "not correct" in shown
    assert not is_signed_in(client)


def test_signing_in_redirects_to_the_requested_page(client: Client, alice: User) -> None:
    assert client.get("/settings/").headers["Location"] == "/accounts/login/?next=/settings/"
    assert sign_in(client, "alice", next="/rooms/1/7") == "/rooms/1/7"


@pytest.mark.parametrize(
    "elsewhere",
    ["https://evil.example/", "//evil.example/", "/\\evil.example", "javascript:alert(1)"],
)
def test_signing_in_never_redirects_to_another_site(
    client: Client, alice: User, elsewhere: str
) -> None:
    assert sign_in(client, "alice", next=elsewhere) == "/"


def test_a_banned_user_cannot_sign_in_and_sees_why(client: Client, alice: User, bob: User) -> None:
    users.ban(alice, user_id=bob.pk)
    assert "Your account is banned" in sign_in(client, "bob")
    assert not is_signed_in(client)
    assert "not correct" in sign_in(client, "bob", "wrong")


def test_a_user_banned_while_signed_in_sees_the_reason_and_can_sign_out(
    client: Client, alice: User, bob: User
) -> None:
    client.force_login(bob, "django.contrib.auth.backends.ModelBackend")
    users.ban(alice, user_id=bob.pk)
    answer = client.get("/settings/")
    assert answer.status_code == 403
    assert "Your account is banned" in answer.content.decode()
    client.post("/accounts/logout/")
    assert not Session.objects.exists()


def test_a_deactivated_user_sees_the_reason(client: Client, alice: User, bob: User) -> None:
    users.deactivate(alice, user_id=bob.pk)
    assert sign_in(client, "bob") == "/accounts/inactive/"
    assert "deactivated" in client.get("/accounts/inactive/").content.decode()
    assert not is_signed_in(client)


def test_guessing_a_password_limits_only_that_account(
    client: Client, alice: User, bob: User
) -> None:
    for _ in range(5):
        sign_in(client, "alice", "a guess")
    assert "Too many failed" in sign_in(client, "alice")
    assert sign_in(client, "bob") == "/"


def test_attempts_are_counted_by_outcome(client: Client, alice: User) -> None:
    before = counted()
    sign_in(client, "alice")
    client.post("/accounts/logout/")
    assert rise(before) == {"ok": 1, "failed": 0, "limited": 0}
    for _ in range(5):
        sign_in(client, "alice", "a guess")
    assert rise(before) == {"ok": 1, "failed": 5, "limited": 0}
    sign_in(client, "alice")
    assert rise(before) == {"ok": 1, "failed": 5, "limited": 1}


def test_sign_ups_and_refused_users_do_not_count_as_sign_ins(
    client: Client, alice: User, bob: User
) -> None:
    before = counted()
    users.ban(alice, user_id=bob.pk)
    sign_in(client, "bob")
    form = {"username": "eve", "email": "eve@example.org", "password1": PASSWORD}
    client.post("/accounts/signup/", form)
    assert is_signed_in(client)
    assert rise(before)["ok"] == 0


def counted() -> dict[str, float]:
    [family] = metrics.sign_ins.collect()
    totals = [sample for sample in family.samples if sample.name.endswith("_total")]
    return {sample.labels["outcome"]: sample.value for sample in totals}


def rise(before: dict[str, float]) -> dict[str, float]:
    return {outcome: value - before[outcome] for outcome, value in counted().items()}


def test_the_limits_can_be_turned_off(client: Client, alice: User, settings: Settings) -> None:
    settings.ACCOUNT_RATE_LIMITS = False
    for _ in range(7):
        sign_in(client, "alice", "a guess")
    assert sign_in(client, "alice") == "/"


def test_signing_in_works_while_redis_is_down(
    client: Client, alice: User, settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(FailOpenRedisCache, "skip_until", 0.0)
    settings.CACHES = {
        "default": {
            "BACKEND": "hubbub.accounts.redis_cache.FailOpenRedisCache",
            "LOCATION": "redis://127.0.0.1:1",
        }
    }
    assert sign_in(client, "alice", "a guess") != "/"
    assert sign_in(client, "alice") == "/"
    caches.close_all()


def test_signing_out_asks_for_confirmation(client: Client, alice: User) -> None:
    client.force_login(alice, "django.contrib.auth.backends.ModelBackend")
    assert "Sign out?" in client.get("/accounts/logout/").content.decode()
    assert is_signed_in(client)


def test_signing_out_ends_the_session_and_is_recorded(client: Client, alice: User) -> None:
    sign_in(client, "alice")
    answer = client.post("/accounts/logout/", follow=True)
    assert "You&#x27;ve signed out." in answer.content.decode()
    assert not is_signed_in(client)
    assert WorkspaceEvent.objects.filter(type="user.signed_out", user=alice).count() == 1


def test_signing_out_again_in_a_second_tab_changes_nothing(client: Client, alice: User) -> None:
    sign_in(client, "alice")
    for _ in range(2):
        assert client.post("/accounts/logout/").headers["Location"] == "/accounts/login/"
    assert WorkspaceEvent.objects.filter(type="user.signed_out").count() == 1


def test_signing_in_shows_no_notice(client: Client, alice: User) -> None:
    sign_in(client, "alice")
    assert 'class="notice' not in client.get("/settings/").content.decode()


def test_an_old_form_redirects_a_user_who_signed_in_in_another_tab(alice: User) -> None:
    client = Client(enforce_csrf_checks=True)
    client.force_login(alice, "django.contrib.auth.backends.ModelBackend")
    assert sign_in(client, "alice", next="/settings/") == "/accounts/login/?next=%2Fsettings%2F"
    assert client.get("/accounts/login/?next=/settings/").headers["Location"] == "/settings/"


@pytest.mark.django_db(transaction=True)
def test_several_sign_ins_at_once_all_succeed(alice: User) -> None:
    def attempt(_: int) -> str:
        from django.db import connection

        try:
            return sign_in(Client(), "alice")
        finally:
            connection.close()

    # Use only four threads: an attempt that is still running counts as failed, so a sixth one at
    # the same time would be refused.
    with ThreadPoolExecutor(4) as pool:
        assert set(pool.map(attempt, range(12))) == {"/"}


@pytest.mark.deployment
def test_signing_in_is_quick_while_redis_hangs(
    client: Client,
    alice: User,
    redis: Redis,
    settings: Settings,
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
) -> None:
    """Signing in waits for Redis only once, for a second, and not again for each of its lookups."""
    options = settings.CACHES["default"]["OPTIONS"]
    assert max(options["socket_connect_timeout"], options["socket_timeout"]) <= 1
    monkeypatch.setattr(FailOpenRedisCache, "skip_until", 0.0)
    # On a busy machine, signing in can take longer than the usual RETRY_AFTER_SECONDS, after which
    # the cache would try Redis again.
    monkeypatch.setattr(redis_cache, "RETRY_AFTER_SECONDS", 600)
    with redis.paused():
        assert sign_in(client, "alice") == "/"
    waits = [line for line in caplog.messages if line.startswith("Redis does not answer")]
    assert len(waits) == 1
