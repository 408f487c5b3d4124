"""Everybody can use the pages around the chat: on a phone and a screen, in light and dark."""

import re
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AsyncExitStack
from typing import Any

import pytest
import pytest_asyncio
from axe_playwright_python.async_playwright import Axe
from playwright.async_api import Browser, Page, expect

from tests.cluster.stage import Stage

pytestmark = pytest.mark.asyncio(loop_scope="session")

PageOf = Callable[..., Awaitable[Page]]

SIZES = [(390, 780), (1280, 900)]
ENTRANCES = [
    "/accounts/login/?next=/rooms/1",
    "/accounts/signup/",
    "/accounts/password/reset/",
    "/accounts/password/reset/done/",
    "/accounts/password/reset/key/1-none/",
    "/accounts/password/reset/key/done/",
    "/accounts/confirm-email/none/",
    "/accounts/inactive/",
    "/nothing/here",
]
ONES_OWN = [
    "/settings/",
    "/accounts/password/change/",
    "/accounts/email/",
    "/accounts/reauthenticate/",
    "/accounts/logout/",
]
OWNERS = [
    "/welcome/",
    "/admin/",
    "/admin/accounts/user/",
    "/admin/accounts/user/1/change/",
    "/admin/accounts/user/1/password/",
    "/admin/accounts/token/",
    "/admin/chat/room/",
    "/admin/chat/room/1/change/",
    "/admin/chat/message/",
]


@pytest_asyncio.fixture(loop_scope="session")
async def page_of(browser: Browser, stage: Stage) -> AsyncIterator[PageOf]:
    """Return what opens a page for a person, or for a stranger.

    Not a `window`: axe tries styles that the policy refuses, and a window minds.
    """
    async with AsyncExitStack() as contexts:

        async def open_one(username: str = "") -> Page:
            address = f"http://{stage.address(0)}"
            context = await browser.new_context(base_url=address)
            contexts.push_async_callback(context.close)
            if username:
                name, _, value = stage.user(username).headers["Cookie"].partition("=")
                await context.add_cookies([{"name": name, "value": value, "url": address}])
            return await context.new_page()

        yield open_one


async def faults_of(page: Page, path: str) -> list[str]:
    """Open it in every look; return what a browser or axe has against it."""
    faults: list[str] = []

    def note(line: Any) -> None:
        # The 404 page is a 404.
        if line.type == "error" and "status of 404" not in line.text:
            faults.append(f"{path}: {line.text}")

    page.on("console", note)
    await page.goto(path)
    page.remove_listener("console", note)
    if not page.url.endswith(path):
        faults.append(f"{path} led to {page.url}")
    for scheme in ("light", "dark"):
        await page.emulate_media(color_scheme=scheme)
        for width, height in SIZES:
            await page.set_viewport_size({"width": width, "height": height})
            faults += [f"{path} {scheme} {width}: {fault}" for fault in await _look(page)]
    return faults


async def _look(page: Page) -> list[str]:
    found = (await Axe().run(page)).response["violations"]
    faults = [f"{v['id']} {v['nodes'][0]['target']}" for v in found]
    if await page.evaluate("document.documentElement.scrollWidth > innerWidth"):
        faults.append("wider than the window")
    return faults


@pytest.mark.parametrize(
    ("username", "paths"), [("", ENTRANCES), ("bob", ONES_OWN), ("alice", OWNERS)]
)
async def test_nothing_is_in_anybodys_way(page_of: PageOf, username: str, paths: list[str]) -> None:
    page = await page_of(username)
    assert [fault for path in paths for fault in await faults_of(page, path)] == []


async def test_mistakes_are_said_beside_their_fields(page_of: PageOf) -> None:
    stranger = await page_of()
    await stranger.goto("/accounts/signup/")
    await stranger.get_by_label("E-mail").fill("new@example.org")
    await stranger.get_by_label("Username").fill("a b")
    await stranger.get_by_label("Password").fill("123")
    await stranger.get_by_role("button", name="Sign up").click()
    wrong = stranger.get_by_label("Username")
    await expect(wrong).to_have_attribute("aria-invalid", "true")
    await expect(wrong).to_have_accessible_description(re.compile("Use letters, digits"))
    assert await _look(stranger) == []


async def test_somebody_signs_up_with_the_keyboard_alone(page_of: PageOf) -> None:
    stranger = await page_of()
    await stranger.goto("/accounts/signup/?next=/settings/")
    await stranger.get_by_label("E-mail").focus()
    for text in ("zoe@example.org", "zoe", "a fine long one"):
        await stranger.keyboard.type(text)
        await stranger.keyboard.press("Tab")
    await stranger.keyboard.press("Enter")
    await expect(stranger.get_by_role("heading", name="zoe")).to_be_visible()
