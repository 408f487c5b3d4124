"""Whoever is connected is asked for again once a minute: sessions expire without any event.

It also finds what passed by our actions: `changepassword`, a session's row deleted, rows edited by
hand. Four statements for up to CHUNK sockets together, none for each.
"""

import asyncio
import logging
from collections.abc import Sequence
from typing import TypeAlias

from django.conf import settings

from hubbub.accounts.models import Token, User
from hubbub.accounts.session_auth import Claim, claims_of, proves
from hubbub.chat.models import Membership
from hubbub.realtime.connections.authentication import PERSON_FIELDS
from hubbub.realtime.connections.connection import Identity
from hubbub.realtime.db.executors import DATABASE_UNAVAILABLE, run_query
from hubbub.realtime.hub import Hub
from hubbub.realtime.protocol import close_codes

logger = logging.getLogger(__name__)

CHUNK = 1_000

Socket: TypeAlias = tuple[Identity, set[int]]  # who, and the rooms that are subscribed


async def run(hub: Hub) -> None:
    """Check all sockets of the hub again and again; the database being away signs nobody out."""
    while True:
        await asyncio.sleep(settings.REVALIDATION_SECONDS)
        try:
            await recheck(hub)
        except DATABASE_UNAVAILABLE:
            logger.debug("The database does not answer; nobody is signed out for that.")
        except Exception:
            logger.exception("Open sockets could not be checked.")


async def recheck(hub: Hub) -> None:
    """Close every socket whose session, token or person is no longer good."""
    connections = hub.all_connections()
    for start in range(0, len(connections), CHUNK):
        chunk = connections[start : start + CHUNK]
        codes = await run_query(_codes, [(each.identity, set(each.rooms)) for each in chunk])
        for connection, code in zip(chunk, codes, strict=True):
            if code is not None:
                connection.close(code)


def _codes(sockets: Sequence[Socket]) -> list[int | None]:
    """Return for each the code to close it with, None where all is well."""
    identities = [identity for identity, _ in sockets]
    people = {each.user.pk for each in identities}
    users = User.objects.only(*PERSON_FIELDS).in_bulk(people)
    claims = claims_of({each.session_key for each in identities if each.session_key})
    usable = Token.objects.filter(pk__in={each.token_id for each in identities}, revoked_at=None)
    tokens = set(usable.values_list("pk", flat=True))
    rooms = {room for _, subscribed in sockets for room in subscribed}
    rows = Membership.objects.filter(user__in=people, room__in=rooms)
    memberships = set(rows.values_list("user_id", "room_id"))
    return [
        _code(identity, users, claims, tokens) or _room_code(identity, subscribed, memberships)
        for identity, subscribed in sockets
    ]


def _room_code(
    identity: Identity, subscribed: set[int], memberships: set[tuple[int, int]]
) -> int | None:
    lost = any((identity.user.pk, room) not in memberships for room in subscribed)
    return close_codes.TRY_AGAIN if lost else None


def _code(
    identity: Identity, users: dict[int, User], claims: dict[str, Claim], tokens: set[int]
) -> int | None:
    user = users.get(identity.user.pk)
    if user is None or not user.is_active:
        return close_codes.SIGNED_OUT
    if user.banned_at is not None:
        return close_codes.BANNED
    if identity.session_key is None:
        return None if identity.token_id in tokens else close_codes.SIGNED_OUT
    claim = claims.get(identity.session_key)
    return None if claim is not None and proves(claim, user) else close_codes.SIGNED_OUT
