"""REST accepts sessions with the CSRF header, and bearer tokens."""

import pytest

from hubbub.accounts.models import Token, User
from hubbub.chat.actions import users
from hubbub.chat.models import Room
from tests.support.api_client import ApiClient

pytestmark = pytest.mark.django_db

OPERATIONS = [
    ("GET", "/me"),
    ("GET", "/people"),
    ("GET", "/rooms"),
    ("POST", "/rooms"),
    ("GET", "/rooms/directory"),
    ("GET", "/rooms/1/messages"),
    ("POST", "/rooms/1/messages"),
    ("DELETE", "/messages/1"),
    ("POST", "/direct"),
]


@pytest.mark.parametrize(("method", "path"), OPERATIONS)
def test_a_session_or_token_is_required(method: str, path: str) -> None:
    refused = ApiClient().raw(method, path, "{}")
    assert refused.problem == (401, "forbidden")
    assert refused.headers["WWW-Authenticate"] == "Bearer"


def test_a_token_needs_no_csrf_header(bob: User, lobby: Room) -> None:
    bot = ApiClient.with_token(bob)
    assert bot.get("/me").json["username"] == "bob"
    sent = bot.post(f"/rooms/{lobby.pk}/messages", body="beep")
    assert (sent.status, sent.json["sender"]["id"]) == (201, bob.pk)


def test_a_session_needs_the_csrf_header_to_change_anything(bob: User, lobby: Room) -> None:
    session = ApiClient(bob, **{"X-CSRFToken": "d" * 32})
    assert session.get("/me").status == 200
    refused = session.post(f"/rooms/{lobby.pk}/messages", body="forged")
    assert refused.problem == (403, "forbidden")
    assert ApiClient(bob).get(f"/rooms/{lobby.pk}").json["messages"] == 0


def test_an_invalid_token_is_refused_despite_a_valid_session(bob: User) -> None:
    assert ApiClient(bob, Authorization="Bearer hub_wrong").get("/me").problem == (401, "forbidden")


def test_a_revoked_token_is_refused(bob: User) -> None:
    bot = ApiClient.with_token(bob)
    users.revoke_token(bob, token_id=Token.objects.get(user=bob).pk)
    assert bot.get("/me").problem == (401, "forbidden")


def test_banned_users_see_the_reason_and_their_tokens_are_refused(alice: User, bob: User) -> None:
    session, bot = ApiClient(bob), ApiClient.with_token(bob)
    users.ban(alice, user_id=bob.pk)
    assert session.get("/rooms").problem == (403, "forbidden")
    assert bot.get("/rooms").problem == (401, "forbidden")
    users.lift_ban(alice, user_id=bob.pk)
    assert session.get("/rooms").status == bot.get("/rooms").status == 200


def test_deactivated_users_are_not_authenticated(alice: User, bob: User) -> None:
    session, bot = ApiClient(bob), ApiClient.with_token(bob)
    users.deactivate(alice, user_id=bob.pk)
    assert session.get("/rooms").problem == (401, "forbidden")
    assert bot.get("/rooms").problem == (401, "forbidden")
