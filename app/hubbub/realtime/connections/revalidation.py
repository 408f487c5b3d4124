"""Checks once a minute that all open connections are still allowed.

Sessions expire without an event, and some changes bypass our actions: `changepassword`, a deleted
session row, rows edited by hand. Up to CHUNK connections are checked together, with four queries.
"""

import asyncio
import logging
from collections.abc import Sequence
from dataclasses import dataclass

from django.conf import settings

from hubbub.accounts.models import Token, User
from hubbub.accounts.session_auth import SessionClaim, claim_is_valid, read_session_claims
from hubbub.chat.models import Membership
from hubbub.realtime.connections.authentication import USER_FIELDS
from hubbub.realtime.connections.connection import Identity
from hubbub.realtime.connections.registry import ConnectionRegistry
from hubbub.realtime.db.executors import DATABASE_UNAVAILABLE, run_query
from hubbub.realtime.protocol import close_codes

logger = logging.getLogger(__name__)

CHUNK = 1_000


@dataclass(frozen=True, slots=True)
class ConnectionCheck:
    """The user, the credentials and the rooms to check for one connection."""

    identity: Identity
    rooms: set[int]  # subscribed rooms


@dataclass(frozen=True, slots=True)
class CurrentRows:
    """The current rows that the connections of a chunk depend on."""

    users: dict[int, User]
    claims: dict[str, SessionClaim]  # by session key
    tokens: set[int]  # ids of the usable tokens
    memberships: set[tuple[int, int]]  # user id, room id


async def run(connections: ConnectionRegistry) -> None:
    """Revalidate all connections until cancelled. A database outage does not sign users out."""
    while True:
        await asyncio.sleep(settings.REVALIDATION_SECONDS)
        try:
            await revalidate(connections)
        except DATABASE_UNAVAILABLE:
            logger.debug("Skipping revalidation: the database is unavailable.")
        except Exception:
            logger.exception("Could not revalidate the open connections.")


async def revalidate(connections: ConnectionRegistry) -> None:
    """Close every connection whose session, token, user or membership is no longer valid."""
    to_check = connections.all()
    for start in range(0, len(to_check), CHUNK):
        chunk = to_check[start : start + CHUNK]
        checks = [ConnectionCheck(each.identity, set(each.rooms)) for each in chunk]
        codes = await run_query(_close_codes, checks)
        for connection, code in zip(chunk, codes, strict=True):
            if code is not None:
                connection.close(code)


def _close_codes(checks: Sequence[ConnectionCheck]) -> list[int | None]:
    """Return, for each connection, the code to close it with, or None if it may stay."""
    rows = _read_current_rows(checks)
    return [_identity_code(each.identity, rows) or _room_code(each, rows) for each in checks]


def _read_current_rows(checks: Sequence[ConnectionCheck]) -> CurrentRows:
    identities = [each.identity for each in checks]
    user_ids = {each.user.pk for each in identities}
    room_ids = {room_id for each in checks for room_id in each.rooms}
    tokens = Token.objects.filter(pk__in={each.token_id for each in identities}, revoked_at=None)
    memberships = Membership.objects.filter(user__in=user_ids, room__in=room_ids)
    return CurrentRows(
        users=User.objects.only(*USER_FIELDS).in_bulk(user_ids),
        claims=read_session_claims({each.session_key for each in identities if each.session_key}),
        tokens=set(tokens.values_list("pk", flat=True)),
        memberships=set(memberships.values_list("user_id", "room_id")),
    )


def _identity_code(identity: Identity, rows: CurrentRows) -> int | None:
    user = rows.users.get(identity.user.pk)
    if user is None or not user.is_active:
        return close_codes.SIGNED_OUT
    if user.banned_at is not None:
        return close_codes.BANNED
    if identity.session_key is None:
        return None if identity.token_id in rows.tokens else close_codes.SIGNED_OUT
    claim = rows.claims.get(identity.session_key)
    return None if claim is not None and claim_is_valid(claim, user) else close_codes.SIGNED_OUT


def _room_code(check: ConnectionCheck, rows: CurrentRows) -> int | None:
    user_id = check.identity.user.pk
    is_member = all((user_id, room_id) in rows.memberships for room_id in check.rooms)
    return None if is_member else close_codes.TRY_AGAIN
