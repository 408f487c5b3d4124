"""A revocation disconnects a user on all replicas at once, or within seconds without Redis."""

import asyncio
import time
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass

import pytest

from loadtests.lib.client import Client
from loadtests.lib.client.history import EventReceived
from loadtests.lib.simulation.account import Account
from tests.cluster.stage import Stage, bodies, open_all, opened, start, stop
from tests.support.probes import gaps_repaired

WITHOUT_REDIS_SECONDS = 6
BUS_ATTEMPTS = 20


@dataclass(frozen=True, slots=True)
class Case:
    """A user with connections on both replicas, whose access is about to be revoked."""

    stage: Stage
    room: int
    alice: Account  # owns the room and the workspace
    user: Account
    watching: Client  # alice's client
    cut: tuple[Client, Client]  # the user's clients, which are about to be disconnected

    def form(self, user: Account, path: str, **fields: str) -> None:
        self.stage.post_form(user, path, **fields)


def removed(case: Case) -> None:
    case.stage.rest(case.alice, "DELETE", f"/rooms/{case.room}/members/{case.user.id}")


def banned(case: Case) -> None:
    chosen = {"action": "ban", "_selected_action": str(case.user.id)}
    case.form(case.alice, "/admin/accounts/user/", **chosen)


def signed_out(case: Case) -> None:
    case.form(case.user, "/accounts/logout/")


def password_changed(case: Case) -> None:
    """Change the password on another device, which signs out all other sessions."""
    old, new = case.stage.passwords[case.user.username], f"new words for {case.room}"
    elsewhere = case.stage.another_session(case.user)
    fields = {"oldpassword": old, "password1": new, "password2": new}
    case.form(elsewhere, "/accounts/password/change/", **fields)
    case.stage.passwords[case.user.username] = new


def token_revoked(case: Case) -> None:
    [token] = case.stage.cluster.manage("token", "list", case.user.username).splitlines()
    owner = case.stage.user(case.user.username)
    case.form(owner, f"/settings/tokens/{token.split()[0]}/revoke/")


CASES: dict[Callable[[Case], None], set[int] | None] = {
    removed: None,  # the client stays connected, but is no longer in the room
    banned: {4502},
    signed_out: {4501},
    password_changed: {4501},
    token_revoked: {4501},
}
cases = pytest.mark.parametrize("revoke", CASES, ids=lambda revoke: revoke.__name__)


@cases
async def test_open_connections_are_revoked_on_both_replicas(
    stage: Stage, revoke: Callable[[Case], None]
) -> None:
    """The bus delivers the revocation immediately; no sweep has to find it in the log."""
    await stage.wait_for_bus()
    async with opened_case(stage, revoke) as case:
        before = await gaps_repaired_before(case)
        await assert_revoked(case, revoke)
        assert await asyncio.to_thread(gaps_repaired, stage.cluster.replicas) == before


@cases
@pytest.mark.deployment
async def test_open_connections_are_revoked_without_redis(
    stage_without_redis: Stage, revoke: Callable[[Case], None]
) -> None:
    async with opened_case(stage_without_redis, revoke) as case:
        await assert_revoked(case, revoke, WITHOUT_REDIS_SECONDS)


@pytest.fixture
async def stage_without_redis(stage: Stage) -> AsyncIterator[Stage]:
    assert stage.cluster.redis
    await stop(stage.cluster.redis)
    yield stage
    await start(stage.cluster.redis)


async def assert_revoked(case: Case, revoke: Callable[[Case], None], within: float = 20) -> None:
    watching = case.watching
    revoked_at = await asyncio.to_thread(revoke_at, revoke, case)
    for client in case.cut:
        left = revoked_at + within - time.monotonic()
        await client.wait_until(lambda: has_lost_access(client, case.room), within=left)
    answer = await watching.send(case.room, "without them")
    await watching.wait_until(lambda: "without them" in bodies(watching, case.room))
    for client in case.cut:
        await assert_stays_away(client, case.room, CASES[revoke])
        assert answer["message"]["seq"] not in received_seqs(client)


async def gaps_repaired_before(case: Case) -> float:
    """Send messages until the bus delivers one. Return how many gaps were repaired before."""
    replicas = case.stage.cluster.replicas
    for number in range(BUS_ATTEMPTS):
        before = await asyncio.to_thread(gaps_repaired, replicas)
        text = f"attempt {number}"
        await case.watching.send(case.room, text)
        for client in (case.watching, *case.cut):
            await client.wait_until(lambda: text in bodies(client, case.room))
        if await asyncio.to_thread(gaps_repaired, replicas) == before:
            return before
    raise AssertionError("the bus does not deliver in the room")


@asynccontextmanager
async def opened_case(stage: Stage, revoke: Callable[[Case], None]) -> AsyncIterator[Case]:
    case = await asyncio.to_thread(prepare, stage, revoke)
    async with opened([case.watching, *case.cut], case.room):
        yield case


def prepare(stage: Stage, revoke: Callable[[Case], None]) -> Case:
    alice = stage.user("alice")
    if revoke is password_changed:
        user = stage.another_session(stage.user("bob"))
    elif revoke is token_revoked:
        user = stage.bot_of(stage.unused_user())
    else:
        user = stage.unused_user()
    room, cut = stage.room([alice, user]), (stage.client(user, 0), stage.client(user, 1))
    return Case(stage, room, alice, user, stage.client(alice), cut)


def revoke_at(revoke: Callable[[Case], None], case: Case) -> float:
    """Revoke access. Return the time on the monotonic clock at which access was revoked."""
    revoke(case)
    return time.monotonic()


def has_lost_access(client: Client, room: int) -> bool:
    return not client.connected or room not in client.protocol.subscriptions


async def assert_stays_away(client: Client, room: int, codes: set[int] | None) -> None:
    """Check that a client does not get back in.

    A client that was only removed from a room stays connected.
    """
    if codes is not None:
        await client.wait_until(lambda: client.stop_code is not None)
        assert client.stop_code in codes
        return
    assert client.connected
    with pytest.raises(KeyError):
        await open_all([client], room)
    assert client.protocol.notifications[-1]["code"] == "not_found"


def received_seqs(client: Client) -> set[int]:
    return {one.seq for one in client.history.entries if isinstance(one, EventReceived)}
