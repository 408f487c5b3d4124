"""Rooms and messages have addresses, which quotes, copied links and the back button use."""

import pytest
from playwright.async_api import expect

from tests.browser.conftest import OpenWindow
from tests.cluster.stage import Stage

pytestmark = pytest.mark.asyncio(loop_scope="session")


async def test_a_quote_links_to_its_message_and_back_returns(
    window: OpenWindow, stage: Stage
) -> None:
    alice, bob = stage.user("alice"), stage.user("bob")
    room = stage.room([alice, bob])
    path = f"/rooms/{room}/messages"
    first = stage.rest(alice, "POST", path, body="the very first")
    stage.shell(
        "from hubbub.chat.actions.send import Draft, send_many\n"
        f"send_many([Draft({bob.id}, {room}, f'{room}-{{n}}', f'line {{n}}') for n in range(70)])"
    )
    stage.rest(alice, "POST", path, body="as I said", reply_to=first["id"])
    tab = await window("bob", 1)
    await tab.open_live(room)
    quote = tab.message("as I said").locator(".message-quote")
    await expect(quote).to_contain_text("the very first")
    await quote.click()
    await expect(tab.page.locator(".is-highlighted")).to_contain_text("the very first")
    await expect(tab.message("the very first")).to_be_in_viewport()
    assert tab.page.url.endswith(f"/rooms/{room}/{first['seq']}")

    await tab.page.go_back()
    await expect(tab.page.locator(".is-highlighted")).to_have_count(0)
    await expect(tab.message("as I said")).to_be_in_viewport()
    assert tab.page.url.endswith(f"/rooms/{room}")


async def test_a_pasted_link_to_a_message_opens_without_a_page_load(
    window: OpenWindow, stage: Stage
) -> None:
    people = [stage.user("alice"), stage.user("bob")]
    here, there = stage.room(people), stage.room(people)
    tab = await window("bob", 1, permissions=["clipboard-read", "clipboard-write"])
    await tab.open_live(here)
    await tab.send_and_wait("look at this")
    await tab.click_action("look at this", "Copy link")
    await expect(tab.page.locator(".toast")).to_have_text("Link copied")
    link = await tab.page.evaluate("navigator.clipboard.readText()")

    await tab.open_live(there)
    await tab.send(link)
    await tab.page.evaluate("window.isTheSamePage = true")
    await tab.page.locator(".message-body a").click()
    await expect(tab.page.locator(".is-highlighted")).to_contain_text("look at this")
    assert await tab.page.evaluate("window.isTheSamePage")


async def test_the_exact_time_is_in_the_users_time_zone(window: OpenWindow, stage: Stage) -> None:
    alice = stage.user("alice")
    room = stage.room([alice])
    sent = stage.rest(alice, "POST", f"/rooms/{room}/messages", body="now")
    tab = await window("alice", timezone_id="Asia/Tokyo", locale="en-GB")
    await tab.open(room)
    time = tab.message("now").locator("time")
    expected = await tab.page.evaluate(
        """(at) => new Date(at).toLocaleString("en-GB",
        { dateStyle: "full", timeStyle: "medium", timeZone: "Asia/Tokyo" })""",
        sent["created_at"],
    )
    await expect(time).to_have_attribute("title", expected)
