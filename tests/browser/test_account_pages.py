"""All pages but the chat page are accessible on a phone and a desktop, in light and dark mode."""

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
SIGNED_OUT_PAGES = [
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
MEMBER_PAGES = [
    "/settings/",
    "/accounts/password/change/",
    "/accounts/email/",
    "/accounts/reauthenticate/",
    "/accounts/logout/",
]
OWNER_PAGES = [
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
    """Return a function that opens an empty page for a user, or for a signed-out visitor.

    The `window` fixture cannot be used here, because it fails on styles that axe tries to add.
    """
    async with AsyncExitStack() as contexts:

        async def open_for(username: str = "") -> Page:
            address = f"http://{stage.address(0)}"
            context = await browser.new_context(base_url=address)
            contexts.push_async_callback(context.close)
            if username:
                name, _, value = stage.user(username).headers["Cookie"].partition("=")
                await context.add_cookies([{"name": name, "value": value, "url": address}])
            return await context.new_page()

        yield open_for


async def problems_of(page: Page, path: str) -> list[str]:
    """Open a page in all sizes and colour schemes. Return what the browser and axe report."""
    problems: list[str] = []

    def record(line: Any) -> None:
        # The browser logs the status of the 404 page as an error.
        if line.type == "error" and "status of 404" not in line.text:
            problems.append(f"{path}: {line.text}")

    page.on("console", record)
    await page.goto(path)
    page.remove_listener("console", record)
    if not page.url.endswith(path):
        problems.append(f"{path} redirected to {page.url}")
    for scheme in ("light", "dark"):
        await page.emulate_media(color_scheme=scheme)
        for width, height in SIZES:
            await page.set_viewport_size({"width": width, "height": height})
            problems += [f"{path} {scheme} {width}: {problem}" for problem in await _check(page)]
    return problems


async def _check(page: Page) -> list[str]:
    found = (await Axe().run(page)).response["violations"]
    problems = [f"{v['id']} {v['nodes'][0]['target']}" for v in found]
    if await page.evaluate("document.documentElement.scrollWidth > innerWidth"):
        problems.append("wider than the window")
    return problems


@pytest.mark.parametrize(
    ("username", "paths"), [("", SIGNED_OUT_PAGES), ("bob", MEMBER_PAGES), ("alice", OWNER_PAGES)]
)
async def test_axe_and_the_browser_find_no_problems(
    page_of: PageOf, username: str, paths: list[str]
) -> None:
    page = await page_of(username)
    assert [problem for path in paths for problem in await problems_of(page, path)] == []


async def test_form_errors_are_connected_to_their_fields(page_of: PageOf) -> None:
    visitor = await page_of()
    await visitor.goto("/accounts/signup/")
    await visitor.get_by_label("E-mail").fill("new@example.org")
    await visitor.get_by_label("Username").fill("a b")
    await visitor.get_by_label("Password").fill("123")
    await visitor.get_by_role("button", name="Sign up").click()
    wrong = visitor.get_by_label("Username")
    await expect(wrong).to_have_attribute("aria-invalid", "true")
    await expect(wrong).to_have_accessible_description(re.compile("Use letters, digits"))
    assert await _check(visitor) == []


async def test_a_visitor_signs_up_by_keyboard(page_of: PageOf) -> None:
    visitor = await page_of()
    await visitor.goto("/accounts/signup/?next=/settings/")
    await visitor.get_by_label("E-mail").focus()
    for text in ("zoe@example.org", "zoe", "a fine long one"):
        await visitor.keyboard.type(text)
        await visitor.keyboard.press("Tab")
    await visitor.keyboard.press("Enter")
    await expect(visitor.get_by_role("heading", name="zoe")).to_be_visible()
