"""Users read a long room: its history loads without jumps.

Permalinks, "Jump to latest" and read marks work there, too.
"""

import pytest
from playwright.async_api import expect

from tests.browser.conftest import OpenWindow
from tests.browser.window import Window
from tests.cluster.stage import Stage

pytestmark = pytest.mark.asyncio(loop_scope="session")

LONG = 130
# A headless browser never hides a tab, so the tests simulate it.
HIDE = """() => {
  Object.defineProperty(document, "visibilityState", { value: "hidden", configurable: true });
  document.dispatchEvent(new Event("visibilitychange"));
}"""


@pytest.fixture(scope="module")
def long_room(stage: Stage) -> int:
    """Return a room with more messages than fit on two pages of history."""
    alice = stage.user("alice")
    room = stage.room([alice, stage.user("bob")])
    stage.shell(
        "from hubbub.chat.actions.send import Draft, send_many\n"
        f"send_many([Draft({alice.id}, {room}, f'long-{{n}}', f'line {{n:03}}')"
        f" for n in range(1, {LONG + 1})])"
    )
    return room


async def test_history_loads_while_scrolling_up_without_jumps(
    window: OpenWindow, long_room: int
) -> None:
    bob = await window("bob", 1)
    await bob.open_live(long_room)
    await expect(bob.message(f"line {LONG}")).to_be_in_viewport()
    await bob.message("line 085").scroll_into_view_if_needed()
    before = await _top(bob, "line 085")
    await expect(bob.message("line 040")).to_have_count(1)
    assert abs(await _top(bob, "line 085") - before) <= 1

    await _scroll_to_top(bob)
    await expect(bob.message("line 001")).to_have_count(1)
    await expect(bob.bodies).to_have_text([f"line {n:03}" for n in range(1, LONG + 1)])


async def test_new_messages_are_announced_without_moving_a_user_who_reads_older_ones(
    window: OpenWindow, stage: Stage, long_room: int
) -> None:
    bob = await window("bob", 1)
    await bob.open_live(long_room)
    await expect(bob.page.locator(".jump-to-latest")).to_have_count(0)
    await bob.message("line 090").scroll_into_view_if_needed()
    before = await _top(bob, "line 090")
    for text in ("news one", "news two", "news three"):
        stage.rest(stage.user("alice"), "POST", f"/rooms/{long_room}/messages", body=text)
    newest = bob.page.get_by_role("button", name="Jump to latest 3 new messages")
    await expect(newest).to_be_visible()
    assert abs(await _top(bob, "line 090") - before) <= 1

    await newest.click()
    await expect(bob.message("news three")).to_be_in_viewport()
    await expect(bob.page.locator(".jump-to-latest")).to_have_count(0)
    await expect(bob.page.locator(".timeline-new")).to_have_count(1)


async def test_a_permalink_opens_the_room_at_its_message(
    window: OpenWindow, stage: Stage, long_room: int
) -> None:
    bob = await window("bob", 1)
    await bob.open(long_room, seq=_seq_of(stage, long_room, "line 020"))
    await expect(bob.message("line 020")).to_be_in_viewport()
    await expect(bob.page.locator(".is-highlighted .message-body")).to_have_text("line 020")
    await expect(bob.message("line 130")).to_have_count(0)
    last = "the last message"
    stage.rest(stage.user("alice"), "POST", f"/rooms/{long_room}/messages", body=last)
    await bob.page.get_by_role("button", name="Jump to latest").click()
    await expect(bob.message(last)).to_be_in_viewport()


async def test_a_room_is_read_once_its_latest_message_is_on_screen(
    window: OpenWindow, stage: Stage
) -> None:
    alice, bob = stage.user("alice"), stage.user("bob")
    room, other = stage.room([alice, bob]), stage.room([alice, bob])
    stage.rest(alice, "POST", f"/rooms/{room}/messages", body="See this")
    name = stage.rest(alice, "GET", f"/rooms/{room}")["name"]
    first, second = await window("bob", 0), await window("bob", 1)
    await first.open_live(other)
    await expect(first.room_link(name).locator(".unread-count")).to_have_text("1")
    await second.open_live(room)
    await expect(second.message("See this")).to_be_in_viewport()
    await expect(first.room_link(name).locator(".unread-count")).to_have_count(0)


async def test_the_divider_marks_what_arrived_while_the_tab_was_hidden(
    window: OpenWindow, stage: Stage
) -> None:
    alice, bob = stage.user("alice"), stage.user("bob")
    room = stage.room([alice, bob])
    stage.rest(alice, "POST", f"/rooms/{room}/messages", body="seen")
    tab = await window("bob", 1)
    await tab.open_live(room)
    await tab.page.evaluate(HIDE)
    stage.rest(alice, "POST", f"/rooms/{room}/messages", body="missed")
    await expect(tab.message("missed")).to_have_count(1)
    await expect(tab.page.locator(".timeline-new + .message")).to_contain_text("missed")
    assert (await tab.page.title()).startswith("(")
    assert stage.rest(bob, "GET", f"/rooms/{room}")["read"] < 2
    await tab.page.evaluate(HIDE.replace("hidden", "visible"))
    await expect(tab.page.locator("[aria-current] .unread-count")).to_have_count(0)
    await expect(tab.page.locator(".timeline-new")).to_have_count(1)
    await tab.send_and_wait("my answer")
    await expect(tab.page.locator(".timeline-new")).to_have_count(0)


async def test_a_link_to_a_public_room_offers_to_join_and_to_a_private_one_gives_404(
    window: OpenWindow, stage: Stage
) -> None:
    alice = stage.user("alice")
    public, private = stage.room([alice], kind="public"), stage.room([alice])
    message = stage.rest(alice, "POST", f"/rooms/{public}/messages", body="Come in")
    charlie = await window("charlie", 1)
    await charlie.open(public, seq=message["seq"])
    await charlie.page.get_by_role("button", name="Join room").click()
    await expect(charlie.message("Come in")).to_be_visible()

    answer = await charlie.page.goto(f"http://{charlie.address}/rooms/{private}")
    assert answer is not None
    assert answer.status == 404
    charlie.errors.clear()  # the browser logs the status 404 as an error


def _seq_of(stage: Stage, room: int, body: str) -> int:
    page = stage.rest(stage.user("alice"), "GET", f"/rooms/{room}/messages?around=20&limit=100")
    seq: int = next(it["seq"] for it in page["messages"] if it["body"] == body)
    return seq


async def _top(window: Window, text: str) -> float:
    box = await window.message(text).bounding_box()
    assert box is not None
    return box["y"]


async def _scroll_to_top(window: Window) -> None:
    """Scroll up until nothing more loads."""
    beginning = window.page.locator(".timeline-beginning")
    while await beginning.count() == 0:
        await window.page.evaluate("document.querySelector('.timeline-scroll').scrollTop = 0")
        await window.page.wait_for_timeout(50)
