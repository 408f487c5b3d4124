"""Everybody can use the pages around the chat: on a phone and a screen, in light and dark."""

import re
from collections.abc import AsyncIterator
from typing import Any

import pytest
import pytest_asyncio
from axe_playwright_python.async_playwright import Axe
from playwright.async_api import Browser, Page, expect

from tests.browser.conftest import OpenWindow
from tests.cluster.stage import Stage

pytestmark = pytest.mark.asyncio(loop_scope="session")

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
async def stranger(browser: Browser, stage: Stage) -> AsyncIterator[Page]:
    context = await browser.new_context(base_url=f"http://{stage.address(0)}")
    yield await context.new_page()
    await context.close()


async def faults_of(page: Page, path: str) -> list[str]:
    """Open it in every look; return what a browser or axe has against it."""
    faults: list[str] = []

    def note(line: Any) -> None:
        # The 404 page is a 404.
        if line.type == "error" and "status of 404" not in line.text:
            faults.append(f"{path}: {line.text}")

    page.on("console", note)
    await page.goto(path)
    page.remove_listener("console", note)  # axe tries styles that the policy refuses
    for scheme in ("light", "dark"):
        await page.emulate_media(color_scheme=scheme)  # type: ignore[arg-type]
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


async def test_strangers_find_nothing_in_their_way(stranger: Page) -> None:
    assert [fault for path in ENTRANCES for fault in await faults_of(stranger, path)] == []


async def test_members_find_nothing_in_their_way(window: OpenWindow, stage: Stage) -> None:
    page = (await window("bob")).page
    address = f"http://{stage.address(0)}"
    found = [fault for path in ONES_OWN for fault in await faults_of(page, address + path)]
    assert found == []


async def test_owners_find_nothing_in_their_way(window: OpenWindow, stage: Stage) -> None:
    page = (await window("alice")).page
    address = f"http://{stage.address(0)}"
    found = [fault for path in OWNERS for fault in await faults_of(page, address + path)]
    assert found == []


async def test_mistakes_are_said_beside_their_fields(stranger: Page) -> None:
    await stranger.goto("/accounts/signup/")
    await stranger.get_by_label("E-mail").fill("new@example.org")
    await stranger.get_by_label("Username").fill("a b")
    await stranger.get_by_label("Password").fill("123")
    await stranger.get_by_role("button", name="Sign up").click()
    wrong = stranger.get_by_label("Username")
    await expect(wrong).to_have_attribute("aria-invalid", "true")
    await expect(wrong).to_have_accessible_description(re.compile("Use letters, digits"))
    assert await _look(stranger) == []


async def test_somebody_signs_up_with_the_keyboard_alone(stranger: Page) -> None:
    await stranger.goto("/accounts/signup/?next=/settings/")
    await stranger.get_by_label("E-mail").focus()
    for text in ("zoe@example.org", "zoe", "a fine long one"):
        await stranger.keyboard.type(text)
        await stranger.keyboard.press("Tab")
    await stranger.keyboard.press("Enter")
    await expect(stranger.get_by_role("heading", name="zoe")).to_be_visible()
