"""Handshakes are authenticated in batches, but each of them is judged on its own."""

from datetime import timedelta
from typing import TypeAlias

import pytest
from django.contrib.auth import BACKEND_SESSION_KEY, HASH_SESSION_KEY
from django.contrib.sessions.backends.db import SessionStore
from django.contrib.sessions.models import Session
from django.utils import timezone
from pytest_django import DjangoAssertNumQueries, Settings

from hubbub.accounts.models import Token, User, digest_of
from hubbub.accounts.sessions import create_session
from hubbub.chat.models import Room
from hubbub.realtime.connections.authentication import (
    Credentials,
    HandshakeRejected,
    read_identities,
)
from hubbub.realtime.connections.connection import Identity

pytestmark = pytest.mark.django_db

Outcome: TypeAlias = tuple[str, dict[int, int]] | int


def session_of(user: User) -> Credentials:
    return Credentials(create_session(user), None)


def token_of(user: User) -> Credentials:
    _, secret = Token.create(user, "a bot")
    return Credentials(None, digest_of(secret))


def outcomes(*batch: Credentials) -> list[Outcome]:
    """Return, for each handshake, the user's name and rooms, or the close code of the rejection."""
    identities = read_identities(batch)
    return [outcome(identities[each]) for each in batch]


def outcome(identity: Identity | Exception) -> Outcome:
    if isinstance(identity, Identity):
        return str(identity.user), identity.rooms
    assert isinstance(identity, HandshakeRejected)
    return identity.code


def outcome_beside_bob(user: User, **changes: object) -> Outcome:
    """Change a user's row. Return the outcome of the user's handshake.

    The handshake is in one batch with a handshake of bob, who is admitted.
    """
    bob, credentials = User.objects.get(username="bob"), session_of(user)
    User.objects.filter(pk=user.pk).update(**changes)
    theirs, bobs = outcomes(credentials, session_of(bob))
    assert bobs != 4501
    return theirs


def test_a_batch_authenticates_each_user_with_their_rooms_in_three_queries(
    bob: User, charlie: User, lobby: Room, django_assert_num_queries: DjangoAssertNumQueries
) -> None:
    room = Room.objects.create(kind="public", name="room", name_key="room", seq=7)
    room.memberships.create(user=charlie)
    lobby.refresh_from_db()
    bobs, charlies, bot = session_of(bob), session_of(charlie), token_of(charlie)
    Token.objects.update(last_used_at=timezone.now())
    with django_assert_num_queries(3):
        assert outcomes(bobs, charlies, bot) == [
            ("Bob", {lobby.pk: lobby.seq}),
            ("Charlie", {lobby.pk: lobby.seq, room.pk: 7}),
            ("Charlie", {lobby.pk: lobby.seq, room.pk: 7}),
        ]


def test_one_session_takes_two_queries(
    bob: User, django_assert_num_queries: DjangoAssertNumQueries
) -> None:
    credentials = session_of(bob)
    with django_assert_num_queries(2):
        outcomes(credentials)


def test_a_user_without_rooms_is_admitted(bob: User) -> None:
    bob.memberships.all().delete()
    assert outcomes(session_of(bob)) == [("Bob", {})]


def test_a_rejected_user_does_not_affect_others_in_the_batch(bob: User, dana: User) -> None:
    assert outcome_beside_bob(dana, banned_at=timezone.now()) == 4502
    assert outcome_beside_bob(dana, is_active=False, banned_at=None) == 4501
    assert outcome_beside_bob(dana, is_active=True, password="changed") == 4501


def test_expired_forged_and_unknown_sessions_are_rejected(bob: User, dana: User) -> None:
    good, expired, forged, foreign = (session_of(bob) for _ in range(4))
    Session.objects.filter(pk=expired.session_key).update(expire_date=timezone.now())
    Session.objects.filter(pk=forged.session_key).update(session_data="no:such:thing")
    change_session(foreign, BACKEND_SESSION_KEY, "no.such.Backend")
    unhashed = session_of(bob)
    change_session(unhashed, HASH_SESSION_KEY, "")
    codes = outcomes(expired, forged, foreign, unhashed, Credentials("nosuchkey", None), good)[:-1]
    assert codes == [4501] * 5


def change_session(credentials: Credentials, key: str, value: str) -> None:
    session = SessionStore(credentials.session_key)
    session[key] = value
    session.save()


def test_a_session_signed_with_an_old_key_is_valid_while_the_key_is_a_fallback(
    bob: User, settings: Settings
) -> None:
    credentials = session_of(bob)
    old_key, settings.SECRET_KEY = settings.SECRET_KEY, "another key"
    assert outcomes(credentials) == [4501]
    settings.SECRET_KEY_FALLBACKS = [old_key]
    assert outcomes(credentials) != [4501]
    assert Session.objects.filter(pk=credentials.session_key).exists()


def test_revoked_and_unknown_tokens_and_those_of_banned_users_fail(bob: User, dana: User) -> None:
    good, revoked, banned = token_of(bob), token_of(bob), token_of(dana)
    Token.objects.filter(digest=revoked.token_digest).update(revoked_at=timezone.now())
    User.objects.filter(pk=dana.pk).update(banned_at=timezone.now())
    unknown = Credentials(None, digest_of("hub_unknown"))
    assert outcomes(revoked, banned, unknown, good)[:3] == [4501] * 3
    assert outcomes(good) != [4501]


def test_the_last_use_of_tokens_is_written_at_most_once_a_minute(
    bob: User, django_assert_num_queries: DjangoAssertNumQueries
) -> None:
    tokens = [token_of(bob) for _ in range(3)]
    outcomes(*tokens)
    assert not Token.objects.filter(last_used_at=None).exists()
    with django_assert_num_queries(2):
        outcomes(*tokens)
    before = timezone.now() - timedelta(minutes=2)
    Token.objects.update(last_used_at=before)
    outcomes(*tokens)
    assert not Token.objects.filter(last_used_at=before).exists()
