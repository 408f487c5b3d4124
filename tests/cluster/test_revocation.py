"""Who may no longer be there is cut off at once, on every replica; without Redis within seconds."""

import asyncio
import time
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass

import pytest

from loadtests.lib.client import Client
from loadtests.lib.client.history import EventReceived
from loadtests.lib.simulation.account import Account
from tests.cluster.stage import Stage, bodies, open_all, opened, start, stop

AT_ONCE_SECONDS = 1
WITHOUT_REDIS_SECONDS = 6


@dataclass(frozen=True, slots=True)
class Case:
    """Somebody with sockets on both replicas, and what will be done to them."""

    stage: Stage
    room: int
    alice: Account  # owns the room and the place
    person: Account

    def form(self, person: Account, path: str, **fields: str) -> None:
        self.stage.post_form(person, path, **fields)


def removed(case: Case) -> None:
    case.stage.rest(case.alice, "DELETE", f"/rooms/{case.room}/members/{case.person.id}")


def banned(case: Case) -> None:
    chosen = {"action": "ban", "_selected_action": str(case.person.id)}
    case.form(case.alice, "/admin/accounts/user/", **chosen)


def signed_out(case: Case) -> None:
    case.form(case.person, "/accounts/logout/")


def password_changed(case: Case) -> None:
    """Change it on another device: the other session's sockets are cut off, and stay so."""
    old, new = case.stage.passwords[case.person.username], f"new words for {case.room}"
    elsewhere = case.stage.another_session(case.person)
    fields = {"oldpassword": old, "password1": new, "password2": new}
    case.form(elsewhere, "/accounts/password/change/", **fields)
    case.stage.passwords[case.person.username] = new


def token_revoked(case: Case) -> None:
    [token] = case.stage.cluster.manage("token", "list", case.person.username).splitlines()
    owner = case.stage.user(case.person.username)
    case.form(owner, f"/settings/tokens/{token.split()[0]}/revoke/")


CASES: dict[Callable[[Case], None], set[int] | None] = {
    removed: None,  # the sockets stay open, the room is over
    banned: {4502},
    signed_out: {4501},
    password_changed: {4501},
    token_revoked: {4501},
}
cases = pytest.mark.parametrize("revoke", CASES, ids=lambda revoke: revoke.__name__)


@cases
async def test_the_open_socket_is_cut_off_on_both_replicas(
    stage: Stage, revoke: Callable[[Case], None]
) -> None:
    await stage.wait_for_bus()
    await is_cut_off(stage, revoke, AT_ONCE_SECONDS)


@cases
@pytest.mark.deployment
async def test_also_while_redis_is_away(
    stage_without_redis: Stage, revoke: Callable[[Case], None]
) -> None:
    await is_cut_off(stage_without_redis, revoke, WITHOUT_REDIS_SECONDS)


@pytest.fixture
async def stage_without_redis(stage: Stage) -> AsyncIterator[Stage]:
    assert stage.cluster.redis
    await stop(stage.cluster.redis)
    yield stage
    await start(stage.cluster.redis)


async def is_cut_off(stage: Stage, revoke: Callable[[Case], None], within: float) -> None:
    case = await asyncio.to_thread(prepare, stage, revoke)
    watching = stage.client(case.alice)
    cut = [stage.client(case.person, 0), stage.client(case.person, 1)]
    async with opened([watching, *cut], case.room):
        revoked_at = await asyncio.to_thread(revoke_and_look_at_the_clock, revoke, case)
        for client in cut:
            left = revoked_at + within - time.monotonic()
            await client.wait_until(lambda: is_over(client, case.room), within=left)
        answer = await watching.send(case.room, "among ourselves")
        await watching.wait_until(lambda: "among ourselves" in bodies(watching, case.room))
        for client in cut:
            await stays_away(client, case.room, CASES[revoke])
            assert answer["message"]["seq"] not in heard(client)


def prepare(stage: Stage, revoke: Callable[[Case], None]) -> Case:
    alice = stage.user("alice")
    if revoke is password_changed:
        person = stage.another_session(stage.user("bob"))
    elif revoke is token_revoked:
        person = stage.bot_of(stage.unused_user())
    else:
        person = stage.unused_user()
    return Case(stage, stage.room([alice, person]), alice, person)


def revoke_and_look_at_the_clock(revoke: Callable[[Case], None], case: Case) -> float:
    """Return when it was done, in time of the monotonic clock."""
    revoke(case)
    return time.monotonic()


def is_over(client: Client, room: int) -> bool:
    return not client.connected or room not in client.protocol.subscriptions


async def stays_away(client: Client, room: int, codes: set[int] | None) -> None:
    """Tell that it comes in no more; who was only removed is still connected, outside the room."""
    if codes is not None:
        await client.wait_until(lambda: client.stop_code is not None)
        assert client.stop_code in codes
        return
    assert client.connected
    with pytest.raises(KeyError):
        await open_all([client], room)
    assert client.protocol.notifications[-1]["code"] == "not_found"


def heard(client: Client) -> set[int]:
    return {one.seq for one in client.history.entries if isinstance(one, EventReceived)}
