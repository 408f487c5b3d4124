"""Authenticates handshakes: a session cookie or a bearer token, checked against the database.

Handshakes that arrive together are checked together: one query for their sessions (the user's id is
known only after a session row is decoded), one for the users with their rooms. Nothing is cached:
each handshake is answered by a query that started after it arrived. If the workspace log reports a
change to the user during the query, the user is read again.
"""

from collections.abc import Awaitable, Callable, Collection, Iterable, Sequence
from typing import NamedTuple, Protocol

from django.conf import settings
from django.http import parse_cookie

from hubbub.accounts.models import Token, User, digest_of
from hubbub.accounts.session_auth import SessionClaim, claim_is_valid, read_session_claims
from hubbub.accounts.token_auth import usable_tokens
from hubbub.model_columns import columns
from hubbub.realtime.connections.connection import Identity
from hubbub.realtime.db.executors import DATABASE_UNAVAILABLE
from hubbub.realtime.db.query_batcher import QueryBatcher
from hubbub.realtime.protocol import close_codes

Headers = dict[str, str]

MAX_BATCH = 100
# How many times to read a user whose account keeps changing during the handshake.
AUTHENTICATION_ATTEMPTS = 5
# The only columns of a user that authentication and revalidation need.
USER_FIELDS = columns(User, "id", "username", "name", "password", "is_active", "banned_at")


class HandshakeRejected(Exception):
    """The handshake is refused; `code` is the close code that gives the client the reason."""

    def __init__(self, code: int) -> None:
        super().__init__(code)
        self.code = code


class WorkspaceLog(Protocol):
    """The part of `delivery.workspace_log.WorkspaceLog` that authentication needs."""

    @property
    def seq(self) -> int | None: ...

    def may_concern(self, user_id: int, since: int) -> bool: ...


class HasWorkspaceLog(Protocol):
    @property
    def workspace_log(self) -> WorkspaceLog: ...


class Credentials(NamedTuple):
    """The credentials that a handshake presents: exactly one of the two is set."""

    session_key: str | None
    token_digest: str | None


class UserRow(NamedTuple):
    user: User
    rooms: dict[int, int]  # the user's rooms: id -> last seq


def decode_headers(raw: Iterable[tuple[bytes, bytes]]) -> Headers:
    return {name.decode("latin1").lower(): value.decode("latin1") for name, value in raw}


def bearer_token(headers: Headers) -> str | None:
    scheme, _, token = headers.get("authorization", "").partition(" ")
    return token.strip() if scheme.lower() == "bearer" and token.strip() else None


async def authenticate(
    headers: Headers, hub: HasWorkspaceLog, start: Callable[[], Awaitable[None]]
) -> Identity:
    """Return the user of a handshake. Raises HandshakeRejected.

    `start` makes the hub follow the workspace log, unless it does so already. The caller must not
    await before it adds the connection to the hub: changes in between would be missed.
    """
    for _ in range(AUTHENTICATION_ATTEMPTS):
        try:
            await start()
            since = hub.workspace_log.seq
            identity = await _identities.load(_credentials(headers))
        except DATABASE_UNAVAILABLE:
            break
        if since is not None and not hub.workspace_log.may_concern(identity.user.pk, since):
            return identity
    raise HandshakeRejected(close_codes.TRY_AGAIN)


def _credentials(headers: Headers) -> Credentials:
    token = bearer_token(headers)
    if token is not None:
        return Credentials(None, digest_of(token))
    session_key = parse_cookie(headers.get("cookie", "")).get(settings.SESSION_COOKIE_NAME, "")
    if not (session_key.isascii() and session_key.isalnum()):
        raise HandshakeRejected(close_codes.SIGNED_OUT)
    return Credentials(session_key, None)


def read_identities(batch: Sequence[Credentials]) -> dict[Credentials, Identity | Exception]:
    """Return, for each of the credentials, the identity or the HandshakeRejected to raise."""
    session_keys = [each.session_key for each in batch if each.session_key]
    digests = [each.token_digest for each in batch if each.token_digest]
    claims = read_session_claims(session_keys) if session_keys else {}
    tokens = usable_tokens(digests) if digests else {}
    user_ids = {each.user_id for each in claims.values()}
    user_ids |= {each.user_id for each in tokens.values()}
    users = _read_users(user_ids) if user_ids else {}
    return {
        each: _by_session(each.session_key, claims.get(each.session_key), users)
        if each.session_key
        else _by_token(tokens.get(each.token_digest or ""), users)
        for each in batch
    }


def _read_users(ids: Collection[int]) -> dict[int, UserRow]:
    """Read users with their rooms in one statement, which returns a row per user and room."""
    rows = User.objects.filter(pk__in=ids).values_list(
        *USER_FIELDS, "memberships__room_id", "memberships__room__seq"
    )
    users: dict[int, UserRow] = {}
    for user_id, *fields, room_id, seq in rows:
        if user_id not in users:
            users[user_id] = UserRow(User.from_db(None, USER_FIELDS, [user_id, *fields]), {})
        if room_id is not None:
            users[user_id].rooms[room_id] = seq
    return users


def _by_session(
    session_key: str, claim: SessionClaim | None, users: dict[int, UserRow]
) -> Identity | HandshakeRejected:
    row = users.get(claim.user_id) if claim else None
    if claim is None or row is None or not claim_is_valid(claim, row.user):
        return HandshakeRejected(close_codes.SIGNED_OUT)
    return _identity(row, session_key, None)


def _by_token(token: Token | None, users: dict[int, UserRow]) -> Identity | HandshakeRejected:
    row = users.get(token.user_id) if token else None
    if token is None or row is None:
        return HandshakeRejected(close_codes.SIGNED_OUT)
    return _identity(row, None, token.pk)


def _identity(
    row: UserRow, session_key: str | None, token_id: int | None
) -> Identity | HandshakeRejected:
    if not row.user.is_active:
        return HandshakeRejected(close_codes.SIGNED_OUT)
    if row.user.banned_at is not None:
        return HandshakeRejected(close_codes.BANNED)
    return Identity(row.user, session_key, token_id, row.rooms)


_identities: QueryBatcher[Credentials, Identity] = QueryBatcher(read_identities, MAX_BATCH)
