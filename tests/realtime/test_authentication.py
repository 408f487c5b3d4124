"""Whom handshakes prove to be, read for all who come at once: each judged alone."""

from datetime import timedelta
from typing import TypeAlias

import pytest
from django.contrib.auth import BACKEND_SESSION_KEY, HASH_SESSION_KEY
from django.contrib.sessions.backends.db import SessionStore
from django.contrib.sessions.models import Session
from django.utils import timezone
from pytest_django import DjangoAssertNumQueries, Settings

from hubbub.accounts.models import Token, User, digest_of
from hubbub.accounts.sessions import sign_in
from hubbub.chat.models import Room
from hubbub.realtime.connections.authentication import (
    Credentials,
    HandshakeRejected,
    read_identities,
)
from hubbub.realtime.connections.connection import Identity

pytestmark = pytest.mark.django_db

Verdict: TypeAlias = tuple[str, dict[int, int]] | int


def session_of(person: User) -> Credentials:
    return Credentials(sign_in(person), None)


def token_of(person: User) -> Credentials:
    _, secret = Token.make(person, "a bot")
    return Credentials(None, digest_of(secret))


def verdicts(*proofs: Credentials) -> list[Verdict]:
    """Return who comes in, with their rooms, or the close code of who does not."""
    answers = read_identities(proofs)
    return [verdict(answers[proof]) for proof in proofs]


def verdict(answer: Identity | Exception) -> Verdict:
    if isinstance(answer, Identity):
        return str(answer.user), answer.rooms
    assert isinstance(answer, HandshakeRejected)
    return answer.code


def verdict_beside_bob(person: User, **changes: object) -> Verdict:
    """Return the verdict on somebody with such changes in their row, beside bob, who comes in."""
    bob, other = User.objects.get(username="bob"), session_of(person)
    User.objects.filter(pk=person.pk).update(**changes)
    theirs, bobs = verdicts(other, session_of(bob))
    assert bobs != 4501
    return theirs


def test_everybody_comes_in_as_themselves_with_their_rooms_by_three_statements(
    bob: User, charlie: User, lobby: Room, django_assert_num_queries: DjangoAssertNumQueries
) -> None:
    room = Room.objects.create(kind="public", name="room", name_key="room", seq=7)
    room.memberships.create(user=charlie)
    lobby.refresh_from_db()
    bobs, charlies, bot = session_of(bob), session_of(charlie), token_of(charlie)
    Token.objects.update(last_used_at=timezone.now())
    with django_assert_num_queries(3):
        assert verdicts(bobs, charlies, bot) == [
            ("Bob", {lobby.pk: lobby.seq}),
            ("Charlie", {lobby.pk: lobby.seq, room.pk: 7}),
            ("Charlie", {lobby.pk: lobby.seq, room.pk: 7}),
        ]


def test_a_session_alone_takes_two_statements(
    bob: User, django_assert_num_queries: DjangoAssertNumQueries
) -> None:
    proof = session_of(bob)
    with django_assert_num_queries(2):
        verdicts(proof)


def test_who_is_in_no_room_comes_in_too(bob: User) -> None:
    bob.memberships.all().delete()
    assert verdicts(session_of(bob)) == [("Bob", {})]


def test_who_may_not_enter_stays_out_and_their_neighbours_come_in(bob: User, dana: User) -> None:
    assert verdict_beside_bob(dana, banned_at=timezone.now()) == 4502
    assert verdict_beside_bob(dana, is_active=False, banned_at=None) == 4501
    assert verdict_beside_bob(dana, is_active=True, password="changed") == 4501


def test_sessions_that_are_over_or_forged_or_of_nobody_stay_out(bob: User, dana: User) -> None:
    good, over, forged, strange = (session_of(bob) for _ in range(4))
    Session.objects.filter(pk=over.session_key).update(expire_date=timezone.now())
    Session.objects.filter(pk=forged.session_key).update(session_data="no:such:thing")
    change_session(strange, BACKEND_SESSION_KEY, "no.such.Backend")
    unhashed = session_of(bob)
    change_session(unhashed, HASH_SESSION_KEY, "")
    codes = verdicts(over, forged, strange, unhashed, Credentials("nosuchkey", None), good)[:-1]
    assert codes == [4501] * 5


def change_session(proof: Credentials, key: str, value: str) -> None:
    session = SessionStore(proof.session_key)
    session[key] = value
    session.save()


def test_a_session_begun_under_the_key_before_stays_good_while_that_key_is_listed(
    bob: User, settings: Settings
) -> None:
    proof = session_of(bob)
    before, settings.SECRET_KEY = settings.SECRET_KEY, "another key"
    assert verdicts(proof) == [4501]
    settings.SECRET_KEY_FALLBACKS = [before]
    assert verdicts(proof) != [4501]
    assert Session.objects.filter(pk=proof.session_key).exists()


def test_tokens_that_open_nothing_stay_out(bob: User, dana: User) -> None:
    good, revoked, banned = token_of(bob), token_of(bob), token_of(dana)
    Token.objects.filter(digest=revoked.token_digest).update(revoked_at=timezone.now())
    User.objects.filter(pk=dana.pk).update(banned_at=timezone.now())
    unknown = Credentials(None, digest_of("hub_unknown"))
    assert verdicts(revoked, banned, unknown, good)[:3] == [4501] * 3
    assert verdicts(good) != [4501]


def test_the_use_of_all_tokens_is_noted_once_a_minute(
    bob: User, django_assert_num_queries: DjangoAssertNumQueries
) -> None:
    tokens = [token_of(bob) for _ in range(3)]
    verdicts(*tokens)
    assert not Token.objects.filter(last_used_at=None).exists()
    with django_assert_num_queries(2):
        verdicts(*tokens)
    before = timezone.now() - timedelta(minutes=2)
    Token.objects.update(last_used_at=before)
    verdicts(*tokens)
    assert not Token.objects.filter(last_used_at=before).exists()
