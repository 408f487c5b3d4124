"""The chat page is accessible. axe checks it in light and dark mode, in wide and narrow windows.

In other tests, users work with the page on a phone or with the keyboard alone.
"""

from typing import Any

import pytest
from axe_playwright_python.async_playwright import Axe
from playwright.async_api import expect

from tests.browser.conftest import OpenWindow
from tests.browser.window import Window
from tests.cluster.stage import Stage

pytestmark = pytest.mark.asyncio(loop_scope="session")

WIDE = {"width": 1280, "height": 800}
NARROW = {"width": 390, "height": 800}


@pytest.mark.parametrize("viewport", [WIDE, NARROW], ids=["1280", "390"])
async def test_axe_finds_nothing_in_the_room_and_its_dialogs(
    window: OpenWindow, stage: Stage, viewport: Any
) -> None:
    room = _room_with_all_kinds_of_messages(stage)
    alice = await window("alice", viewport=viewport)
    await alice.open_live(room)
    await alice.click_action("quoted", "Reply")
    await alice.composer.fill("x")
    await _check(alice, "the room")
    await alice.click_action("quoted", "Edit")
    await _check(alice, "an edited message")
    await alice.press("Escape")
    await alice.page.locator(".room-settings-button").click()
    for tab in ("Members", "Invite", "About"):
        await alice.page.get_by_role("button", name=tab, exact=True).click()
        await _check(alice, f"settings: {tab}")
    await alice.press("Escape", "Control+k")
    for tab in ("All rooms", "Archived", "New room"):
        await alice.page.get_by_role("button", name=tab, exact=True).click()
        await _check(alice, f"directory: {tab}")
    await alice.press("Escape")


@pytest.mark.parametrize("viewport", [WIDE, NARROW], ids=["1280", "390"])
async def test_axe_finds_nothing_in_the_direct_message_dialog(
    window: OpenWindow, stage: Stage, viewport: Any
) -> None:
    stage.user("bob")
    alice = await window("alice", viewport=viewport)
    await alice.open_live(1)
    if viewport == NARROW:
        await alice.page.locator(".drawer-button-sidebar").click()
    await alice.page.get_by_role("button", name="New message", exact=True).first.click()
    await _check(alice, "before the search")
    await alice.page.keyboard.type("bob")
    await expect(alice.page.get_by_role("dialog").get_by_text("bob").first).to_be_visible()
    await _check(alice, "search results")
    await alice.press("Escape")


@pytest.mark.parametrize("viewport", [WIDE, NARROW], ids=["1280", "390"])
async def test_axe_finds_nothing_while_the_page_reconnects(
    window: OpenWindow, stage: Stage, viewport: Any
) -> None:
    alice = await window("alice", viewport=viewport)
    await alice.page.route_web_socket("**/ws/", lambda socket: socket.close())
    await alice.open()
    await expect(alice.banner).to_contain_text("Reconnecting")
    await _check(alice, "the banner")


@pytest.mark.parametrize("drawer", [".drawer-button-sidebar", ".drawer-button-presence"])
async def test_axe_finds_nothing_in_the_drawers_on_a_phone(
    window: OpenWindow, stage: Stage, drawer: str
) -> None:
    alice = await window("alice", viewport=NARROW)
    await alice.open_live(1)
    await alice.page.locator(drawer).click()
    await expect(alice.page.locator(".is-open")).to_be_visible()
    await _check(alice, drawer)
    await alice.press("Escape")
    await expect(alice.page.locator(drawer)).to_be_focused()


async def test_the_page_works_on_a_phone(window: OpenWindow, stage: Stage) -> None:
    people = [stage.user("alice"), stage.user("bob")]
    room, other = stage.room(people), stage.room(people)
    name = stage.rest(people[1], "GET", f"/rooms/{other}")["name"]
    bob = await window("bob", 1, viewport={"width": 360, "height": 640}, has_touch=True)
    await bob.open_live(room)
    await bob.send("W" * 300)
    await expect(bob.messages).to_have_count(1)
    assert await bob.page.evaluate("document.documentElement.scrollWidth") == 360
    await bob.page.locator(".drawer-button-sidebar").tap()
    await bob.room_link(name).tap()
    await expect(bob.page.get_by_role("heading", level=1)).to_have_text(name)
    await expect(bob.page.locator(".is-open")).to_have_count(0)
    await bob.composer.fill("from my phone")
    await bob.page.get_by_role("button", name="Send").tap()
    await expect(bob.message("from my phone")).to_be_in_viewport()


async def test_messages_are_sent_edited_and_deleted_by_keyboard(
    window: OpenWindow, stage: Stage
) -> None:
    room = stage.room([stage.user("alice"), stage.user("bob")])
    bob = await window("bob", 1)
    await bob.open_live(room)
    await bob.press("Tab", "Enter")
    await expect(bob.composer).to_be_focused()
    keyboard = bob.page.keyboard
    await keyboard.type("first")
    await bob.press("Shift+Enter")
    await keyboard.type("second line")
    await bob.press("Enter")
    await expect(bob.message("second line")).to_have_count(1)

    await bob.press("ArrowUp")
    await expect(bob.page.locator(".message-editor textarea")).to_be_focused()
    await keyboard.type(", corrected")
    await bob.press("Enter")
    await expect(bob.message("second line, corrected")).to_contain_text("(edited)")
    await expect(bob.composer).to_be_focused()

    await bob.press("Shift+Tab")
    while not await bob.message("corrected").evaluate("(it) => it === document.activeElement"):
        await bob.press("Shift+Tab")
    await bob.press("r")
    await keyboard.type("my answer")
    await bob.press("Enter")
    await expect(bob.message("my answer").locator(".message-quote")).to_contain_text("first")

    await bob.message("my answer").focus()
    await bob.press("ArrowUp", "Delete")
    await expect(bob.page.locator(".message-confirm .button-danger")).to_be_focused()
    await bob.press("Enter")
    await expect(bob.page.locator("p.message-body.is-deleted")).to_have_count(1)


async def test_enter_belongs_to_the_input_method_while_it_composes(
    window: OpenWindow, stage: Stage
) -> None:
    room = stage.room([stage.user("bob")])
    bob = await window("bob", 1)
    await bob.open_live(room)
    await bob.composer.fill("にほん")
    enter = {"key": "Enter", "bubbles": True, "cancelable": True, "isComposing": True}
    await bob.composer.dispatch_event("keydown", enter)
    await expect(bob.composer).to_have_value("にほん")
    await bob.press("Enter")
    await expect(bob.bodies).to_have_text(["にほん"])


def _room_with_all_kinds_of_messages(stage: Stage) -> int:
    alice, bob = stage.user("alice"), stage.user("bob")
    room = stage.room([alice, bob, stage.user("dana")])
    stage.rest(alice, "PATCH", f"/rooms/{room}", topic="A topic")
    path = f"/rooms/{room}/messages"
    quoted = stage.rest(
        alice, "POST", path, body="I am **quoted** with `code` and a https://link.org"
    )
    stage.rest(bob, "POST", path, body="> so\n\n1. one\n\n```\ncode\n```", reply_to=quoted["id"])
    deleted = stage.rest(bob, "POST", path, body="gone")
    stage.rest(bob, "DELETE", f"/messages/{deleted['id']}")
    return room


async def _check(window: Window, where: str) -> None:
    for scheme in ("light", "dark"):
        await window.page.emulate_media(color_scheme=scheme)
        found = (await Axe().run(window.page)).response["violations"]
        violations = [
            f"{each['id']}: {node['html']} {node['failureSummary']}"
            for each in found
            for node in each["nodes"]
        ]
        assert not violations, f"{where}, {scheme}: {violations}"
    # These errors are about styles that axe itself tried to add and that the CSP refused.
    window.errors.clear()
