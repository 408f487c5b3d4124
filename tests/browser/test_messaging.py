"""Two users write to each other in two browsers, on two replicas (with `--embedded`, on one)."""

import pytest
from playwright.async_api import expect

from tests.browser.conftest import OpenWindow, Pair
from tests.cluster.stage import Stage

pytestmark = pytest.mark.asyncio(loop_scope="session")


async def test_messages_edits_and_deletions_reach_the_other_user(live_pair: Pair) -> None:
    _, alice, bob = live_pair
    await alice.send_and_wait("Shall we begin?")
    await expect(bob.message("Shall we begin?")).to_have_count(1)

    await alice.click_action("Shall we begin?", "Edit")
    await alice.page.locator(".message-editor textarea").fill("Shall we start?")
    await alice.press("Enter")
    await expect(bob.message("Shall we start?")).to_contain_text("(edited)")

    await alice.delete("Shall we start?")
    await expect(bob.bodies).to_have_text(["Message deleted"])
    await expect(alice.bodies).to_have_text(["Message deleted"])


async def test_screen_readers_announce_new_messages_but_never_deleted_text(live_pair: Pair) -> None:
    _, alice, bob = live_pair
    await alice.send_and_wait("Shall we begin?")
    announcement = bob.page.locator("[aria-live=polite]")
    await expect(announcement).to_have_text("Alice Archer: Shall we begin?")
    await expect(alice.page.locator("[aria-live=polite]")).to_be_empty()

    await alice.delete("Shall we begin?")
    await expect(announcement).to_be_empty()


async def test_viewers_and_typing_users_are_shown(pair: Pair) -> None:
    room, alice, bob = pair
    await alice.open_live(room)
    await expect(alice.viewers).to_have_count(1)
    await bob.open_live(room)
    await expect(alice.viewers).to_contain_text(["Alice Archer", "Bob Baker"])

    await bob.composer.press_sequentially("I think")
    await expect(alice.page.locator(".typing-indicator")).to_have_text("Bob Baker is typing…")
    await bob.press("Enter")
    await expect(alice.page.locator(".typing-indicator")).to_be_empty()

    await bob.page.close()
    await expect(alice.viewers).to_have_count(1)


async def test_a_reply_quotes_its_message_but_never_deleted_text(live_pair: Pair) -> None:
    _, alice, bob = live_pair
    await alice.send("The secret is *marzipan*.")
    await bob.click_action("The secret is", "Reply")
    await bob.send_and_wait("So that was it!")
    quote = alice.message("So that was it!").locator(".message-quote")
    await expect(quote).to_contain_text("The secret is marzipan.")

    await alice.delete("The secret is")
    await expect(quote).to_contain_text("Message deleted")
    await expect(bob.page.locator("body")).not_to_contain_text("marzipan")


async def test_hostile_markup_stays_text(live_pair: Pair) -> None:
    _, alice, bob = live_pair
    hostile = (
        "<script>document.title='taken'</script><img src=x onerror=\"document.title='taken'\">"
        "[click](javascript:document.title='taken') **bold**"
    )
    await alice.send(hostile)
    body = bob.message("bold").locator(".message-body")
    await expect(body).to_contain_text("<script>")
    await expect(body.locator("script, img, [onerror], a[href^=javascript]")).to_have_count(0)
    await expect(bob.page).not_to_have_title("taken")


async def test_unread_messages_are_counted_in_the_sidebar_and_the_title(
    window: OpenWindow, stage: Stage
) -> None:
    people = [stage.user("alice"), stage.user("bob")]
    here, there = stage.room(people), stage.room(people)
    name = stage.rest(people[0], "GET", f"/rooms/{there}")["name"]
    bob = await window("bob", 1)
    await bob.open_live(here)
    for text in ("one", "two"):
        stage.rest(people[0], "POST", f"/rooms/{there}/messages", body=text)
    await expect(bob.room_link(name).locator(".unread-count")).to_have_text("2")
    title = await bob.page.title()
    assert title.startswith("("), title

    await bob.room_link(name).click()
    await expect(bob.page.locator(".timeline-new")).to_have_count(1)
    await expect(bob.bodies).to_have_text(["one", "two"])
    await expect(bob.room_link(name).locator(".unread-count")).to_have_count(0)
