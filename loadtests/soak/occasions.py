"""What happens now and then beside the talk: a short-lived room, somebody who signs in and out.

Each leaves something behind that must not stay: a feed on every replica, a group in Redis, a
connection that is cut off when its session ends.
"""

import asyncio
import random
import urllib.parse
import urllib.request
from contextlib import AsyncExitStack
from http.cookies import SimpleCookie
from typing import Any

from loadtests.client import Client
from loadtests.client.shell import GONE
from loadtests.client.subscription import Start
from loadtests.servers.process import ServerError
from loadtests.soak.crowd import Crowd, ask

GUESTS = 4
SENDS = 5
WITHIN_SECONDS = 30.0
NOT_SIGNED_IN = 4501
TOKEN = "c" * 32  # any token does, as long as form and cookie have the same


async def meet(crowd: Crowd, number: int) -> None:
    """Make a room, talk in it, rename it, put one out, archive it."""
    host, *guests = random.sample(list(crowd.people), GUESTS + 1)

    async def rest(method: str, path: str, **body: Any) -> Any:
        return await asyncio.to_thread(ask, crowd.address, host.identity, method, path, **body)

    room = int((await rest("POST", "/rooms", name=f"meeting {number}", kind="private"))["id"])
    for guest in guests:
        await rest("POST", f"/rooms/{room}/members", user=guest.id)
    async with AsyncExitStack() as tabs:
        clients = [Client(one.username, one.identity, [crowd.address]) for one in (host, *guests)]
        for client in clients:
            await tabs.enter_async_context(client)
            await client.open(room, Start.BEGINNING, WITHIN_SECONDS)
        for _ in range(SENDS):
            await random.choice(clients).send(room, "shall we?")
        await rest("PATCH", f"/rooms/{room}", name=f"meeting {number}, moved")
        await rest("DELETE", f"/rooms/{room}/members/{guests[0].id}")
        await clients[1].until(lambda: room not in clients[1].conversation.rooms, WITHIN_SECONDS)
    await rest("POST", f"/rooms/{room}/archive")


async def sign_in_and_out(crowd: Crowd) -> None:
    """Sign bob in by the form, open a tab, sign him out: the tab is told to stay away."""
    sent = {"login": "bob", "password": crowd.password_of_bob}
    session = await asyncio.to_thread(_post_form, crowd.address, "/accounts/login/", "", sent)
    async with Client("bob", f"Cookie: {session}", [crowd.address]) as client:
        await client.open(crowd.lobby, Start.NOW, WITHIN_SECONDS)
        await asyncio.to_thread(_post_form, crowd.address, "/accounts/logout/", session, {})
        await client.until(lambda: client.stopped is not None, WITHIN_SECONDS)
        if client.stopped not in (NOT_SIGNED_IN, GONE):
            raise ServerError(f"Bob signed out, and his socket ended with {client.stopped}.")


class _NoRedirect(urllib.request.HTTPRedirectHandler):
    """The redirect is the answer: it sets the cookie."""

    def redirect_request(self, *_: Any) -> None:
        return None


def _post_form(address: str, path: str, session: str, fields: dict[str, str]) -> str:
    """Send a form as a browser does; return the session that the answer sets, as a cookie."""
    request = urllib.request.Request(
        f"http://{address}{path}",
        data=urllib.parse.urlencode({**fields, "csrfmiddlewaretoken": TOKEN}).encode(),
        headers={"Cookie": "; ".join(filter(None, (session, f"csrftoken={TOKEN}")))},
    )
    try:
        with urllib.request.build_opener(_NoRedirect).open(request, timeout=WITHIN_SECONDS):
            raise ServerError(f"{path} took no form: it answered with a page.")
    except urllib.request.HTTPError as answer:
        with answer:
            if answer.code != 302:
                raise
            jar = SimpleCookie(", ".join(answer.headers.get_all("Set-Cookie", [])))
    return "; ".join(f"{name}={morsel.value}" for name, morsel in jar.items() if "session" in name)
