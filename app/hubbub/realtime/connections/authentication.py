"""Who is at the other end of a handshake: a session's cookie or a bearer token, read from rows.

Those who come at the same time are read together: one statement for their sessions (Django's do
not say whose they are until they are decoded), one for the people and the rooms they are in. No
cache: every handshake is answered by a query that began after it.
"""

from collections.abc import Collection, Iterable, Sequence
from typing import NamedTuple

from django.conf import settings
from django.http import parse_cookie

from hubbub.accounts.models import Token, User, digest_of
from hubbub.accounts.session_auth import Claim, claims_of, proves
from hubbub.accounts.token_auth import tokens_of
from hubbub.model_columns import columns
from hubbub.realtime.connections.connection import Identity
from hubbub.realtime.db.query_batcher import QueryBatcher
from hubbub.realtime.protocol import close_codes

Headers = dict[str, str]

MAX_BATCH = 100
# All that is asked of a person here.
PERSON_FIELDS = columns(User, "id", "username", "name", "password", "is_active", "banned_at")


class HandshakeRejected(Exception):
    """The person may not come in; `code` is the close code that says why."""

    def __init__(self, code: int) -> None:
        super().__init__(code)
        self.code = code


class Proof(NamedTuple):
    """What a handshake shows: one of the two."""

    session_key: str | None
    token_digest: str | None


class Person(NamedTuple):
    user: User
    rooms: dict[int, int]  # the rooms that the person is in: their last seq


def decode_headers(raw: Iterable[tuple[bytes, bytes]]) -> Headers:
    return {name.decode("latin1").lower(): value.decode("latin1") for name, value in raw}


def bearer_token(headers: Headers) -> str | None:
    scheme, _, secret = headers.get("authorization", "").partition(" ")
    return secret.strip() if scheme.lower() == "bearer" and secret.strip() else None


async def identify(headers: Headers) -> Identity:
    """Return who connects. Raises HandshakeRejected, and the database's errors."""
    secret = bearer_token(headers)
    if secret is not None:
        return await _identities.load(Proof(None, digest_of(secret)))
    session_key = _session_key(headers)
    if session_key is None:
        raise HandshakeRejected(close_codes.SIGNED_OUT)
    return await _identities.load(Proof(session_key, None))


def _session_key(headers: Headers) -> str | None:
    key = parse_cookie(headers.get("cookie", "")).get(settings.SESSION_COOKIE_NAME, "")
    return key if key.isascii() and key.isalnum() else None


def read_identities(proofs: Sequence[Proof]) -> dict[Proof, Identity | Exception]:
    """Return for each proof whom it is of, or HandshakeRejected."""
    session_keys = [each.session_key for each in proofs if each.session_key]
    digests = [each.token_digest for each in proofs if each.token_digest]
    claims = claims_of(session_keys) if session_keys else {}
    tokens = tokens_of(digests) if digests else {}
    named = {each.user_id for each in claims.values()} | {each.user_id for each in tokens.values()}
    people = _read_people(named) if named else {}
    return {
        proof: _by_session(proof.session_key, claims.get(proof.session_key), people)
        if proof.session_key
        else _by_token(tokens.get(proof.token_digest or ""), people)
        for proof in proofs
    }


def _read_people(ids: Collection[int]) -> dict[int, Person]:
    """Read people with the rooms they are in, in one statement: a row for each of their rooms."""
    rows = User.objects.filter(pk__in=ids).values_list(
        *PERSON_FIELDS, "memberships__room_id", "memberships__room__seq"
    )
    people: dict[int, Person] = {}
    for user_id, *fields, room_id, seq in rows:
        if user_id not in people:
            user = User.from_db(None, PERSON_FIELDS, [user_id, *fields])
            people[user_id] = Person(user, {})
        if room_id is not None:
            people[user_id].rooms[room_id] = seq
    return people


def _by_session(
    key: str, claim: Claim | None, people: dict[int, Person]
) -> Identity | HandshakeRejected:
    person = people.get(claim.user_id) if claim else None
    if claim is None or person is None or not proves(claim, person.user):
        return HandshakeRejected(close_codes.SIGNED_OUT)
    return _entering(person, key, None)


def _by_token(token: Token | None, people: dict[int, Person]) -> Identity | HandshakeRejected:
    person = people.get(token.user_id) if token else None
    if token is None or person is None:
        return HandshakeRejected(close_codes.SIGNED_OUT)
    return _entering(person, None, token.pk)


def _entering(
    person: Person, session_key: str | None, token_id: int | None
) -> Identity | HandshakeRejected:
    if not person.user.is_active:
        return HandshakeRejected(close_codes.SIGNED_OUT)
    if person.user.banned_at is not None:
        return HandshakeRejected(close_codes.BANNED)
    return Identity(person.user, session_key, token_id, person.rooms)


_identities: QueryBatcher[Proof, Identity] = QueryBatcher(read_identities, MAX_BATCH)
