"""What happens now and then beside the talk: a short-lived room, somebody who signs in and out.

Each leaves something behind that must not stay: a feed on every replica, a group in Redis, a
connection that is cut off when its session ends.
"""

import asyncio
import random
from contextlib import AsyncExitStack
from typing import Any

from loadtests.lib.client import Client, rest
from loadtests.lib.client.base_client import ABNORMAL_CLOSURE
from loadtests.lib.client.subscription import Start
from loadtests.lib.servers.process import ServerError
from loadtests.soak.accounts import Crowd, ask

GUESTS = 4
SENDS = 5
WITHIN_SECONDS = 30.0
NOT_SIGNED_IN = 4501


async def meet(crowd: Crowd, number: int) -> None:
    """Make a room, talk in it, rename it, put one out, archive it."""
    host, *guests = random.sample(list(crowd.people), GUESTS + 1)

    async def ask_host(method: str, path: str, **body: Any) -> Any:
        return await asyncio.to_thread(ask, crowd.address, host.identity, method, path, **body)

    room = int((await ask_host("POST", "/rooms", name=f"meeting {number}", kind="private"))["id"])
    for guest in guests:
        await ask_host("POST", f"/rooms/{room}/members", user=guest.id)
    async with AsyncExitStack() as tabs:
        clients = [Client(one.username, one.identity, [crowd.address]) for one in (host, *guests)]
        for client in clients:
            await tabs.enter_async_context(client)
            await client.open(room, Start.BEGINNING, WITHIN_SECONDS)
        for _ in range(SENDS):
            await random.choice(clients).send(room, "shall we?")
        await ask_host("PATCH", f"/rooms/{room}", name=f"meeting {number}, moved")
        await ask_host("DELETE", f"/rooms/{room}/members/{guests[0].id}")
        await clients[1].wait_until(
            lambda: room not in clients[1].protocol.subscriptions, WITHIN_SECONDS
        )
    await ask_host("POST", f"/rooms/{room}/archive")


async def sign_in_and_out(crowd: Crowd) -> None:
    """Sign bob in by the form, open a tab, sign him out: the tab is told to stay away."""
    session = await asyncio.to_thread(rest.sign_in, crowd.address, "bob", crowd.password_of_bob)
    headers = rest.headers_of(session)
    async with Client("bob", session, [crowd.address]) as client:
        await client.open(crowd.lobby, Start.NOW, WITHIN_SECONDS)
        await asyncio.to_thread(rest.post_form, crowd.address, "/accounts/logout/", headers, {})
        await client.wait_until(lambda: client.stop_code is not None, WITHIN_SECONDS)
        if client.stop_code not in (NOT_SIGNED_IN, ABNORMAL_CLOSURE):
            raise ServerError(f"Bob signed out, and his socket ended with {client.stop_code}.")
