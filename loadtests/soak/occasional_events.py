"""Performs occasional events of a soak: a short-lived room, a user who signs in and out.

Each of these events creates something that must not stay: a local room on every replica, a group in
Redis, a connection that is closed when its session ends.
"""

import asyncio
import random
from contextlib import AsyncExitStack
from typing import Any

from loadtests.lib.client import Client, rest
from loadtests.lib.client.subscription import Start
from loadtests.lib.client.websocket import ABNORMAL_CLOSURE
from loadtests.lib.servers.process import ServerError
from loadtests.soak.accounts import Population, call

GUESTS = 4
SENDS = 5
WITHIN_SECONDS = 30.0
NOT_SIGNED_IN = 4501


async def hold_meeting(population: Population, number: int) -> None:
    """Create a room, send messages in it, rename it, remove a member, and archive it."""
    users = random.sample(list(population.users), GUESTS + 1)
    host, *guests = [user.account for user in users]
    address = population.address

    async def by_host(method: str, path: str, **body: Any) -> Any:
        return await asyncio.to_thread(call, address, host, method, path, **body)

    name, ids = f"meeting {number}", [guest.id for guest in guests]
    create = rest.create_private_room
    room = await asyncio.to_thread(create, address, host.headers, name, ids)
    async with AsyncExitStack() as tabs:
        clients = [Client(one.username, one.identity, [address]) for one in (host, *guests)]
        for client in clients:
            await tabs.enter_async_context(client)
            await client.open(room, Start.BEGINNING, WITHIN_SECONDS)
        for _ in range(SENDS):
            await random.choice(clients).send(room, "shall we?")
        await by_host("PATCH", f"/rooms/{room}", name=f"{name}, moved")
        await by_host("DELETE", f"/rooms/{room}/members/{guests[0].id}")
        removed = clients[1]
        await removed.wait_until(lambda: room not in removed.protocol.subscriptions, WITHIN_SECONDS)
    await by_host("POST", f"/rooms/{room}/archive")


async def sign_in_and_out(population: Population) -> None:
    """Sign Bob in through the form, open a tab, and sign him out.

    The server must then close his tab's connection for good.
    """
    address, password = population.address, population.password_of_bob
    session = await asyncio.to_thread(rest.sign_in, address, "bob", password)
    headers = rest.headers_of(session)
    async with Client("bob", session, [address]) as client:
        await client.open(population.lobby, Start.NOW, WITHIN_SECONDS)
        await asyncio.to_thread(rest.post_form, address, "/accounts/logout/", headers, {})
        await client.wait_until(lambda: client.stop_code is not None, WITHIN_SECONDS)
        if client.stop_code not in (NOT_SIGNED_IN, ABNORMAL_CLOSURE):
            raise ServerError(
                f"Bob signed out, and his connection was closed with {client.stop_code}."
            )
