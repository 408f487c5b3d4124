"""A page that lost its replica, or its network, comes back by itself: nothing lost or doubled."""

import asyncio

import pytest
from playwright.async_api import WebSocketRoute, expect

from tests.browser.conftest import OpenWindow, Pair
from tests.cluster.stage import Stage, start

pytestmark = pytest.mark.asyncio(loop_scope="session")

# Comes back with backoff: the fifth attempt is about half a minute after the first.
BACK_MS = 30_000
COUNT_BANNERS = """() => {
  globalThis.banners = 0;
  const found = () => document.querySelectorAll(".connection-banner").length;
  const count = () => (globalThis.banners += found());
  new MutationObserver(count).observe(document.body, { childList: true, subtree: true });
}"""


async def test_a_replica_that_dies_and_comes_back_loses_and_doubles_nothing(
    talking: Pair, stage: Stage
) -> None:
    _, alice, bob = talking
    await bob.say("before")
    replica = stage.cluster.replicas[-1]
    replica.kill()
    await expect(bob.banner).to_contain_text("Reconnecting")
    await bob.write("written meanwhile")
    await expect(bob.unsent).to_contain_text(["Will send when you're back online"])
    if len(stage.cluster.replicas) > 1:
        await alice.say("said meanwhile")
    await start(replica)
    await expect(bob.banner).to_have_count(0, timeout=BACK_MS)
    await expect(bob.message("written meanwhile")).to_have_count(1)
    await alice.say("after")
    await expect(bob.message("after")).to_have_count(1)
    expected = ["before", "said meanwhile", "written meanwhile", "after"]
    if len(stage.cluster.replicas) == 1:
        expected.remove("said meanwhile")
    for each in (alice, bob):
        await expect(each.bodies).to_have_text(expected)


async def test_what_was_written_offline_is_sent_after_a_reload_once(
    window: OpenWindow, stage: Stage
) -> None:
    room = stage.room([stage.user("alice"), stage.user("bob")])
    bob = await window("bob", 1)
    await bob.page.route_web_socket("**/ws/", lambda socket: socket.close())
    await bob.open(room)
    await bob.write("from the train")
    await expect(bob.unsent).to_have_count(1)
    await bob.page.reload()
    await expect(bob.unsent).to_contain_text(["from the train"])

    again = await bob.context.new_page()
    await bob.page.close()
    bob.page = again
    await bob.open_live(room)
    await expect(bob.message("from the train")).to_have_count(1)
    await expect(bob.unsent).to_have_count(0)
    page = stage.rest(bob.person, "GET", f"/rooms/{room}/messages")
    assert [message["body"] for message in page["messages"]] == ["from the train"]


async def test_a_message_that_is_refused_says_why_and_can_be_changed(
    window: OpenWindow, stage: Stage
) -> None:
    alice, bob = stage.user("alice"), stage.user("bob")
    room = stage.room([alice, bob])
    page = await window("bob", 1)
    await page.open_live(room)
    await page.page.evaluate("localStorage.setItem('hubbub.0.draft.1', 'of somebody else')")
    message = stage.rest(alice, "POST", f"/rooms/{room}/messages", body="Answer me")
    other = stage.room([alice, bob])
    await page.page.evaluate(
        """([user, room, message]) => localStorage.setItem(`hubbub.${user}.unsent.bad`,
        JSON.stringify({nonce: "bad", room, body: "lost reply", reply_to: message, at: 1}))""",
        [bob.id, other, message["id"]],
    )
    await page.open_live(other)
    await expect(page.unsent).to_contain_text(["Not sent."])
    await page.page.get_by_role("button", name="Delete", exact=True).click()
    await expect(page.unsent).to_have_count(0)


@pytest.mark.parametrize("door", ["/", "/settings/", "/accounts/logout/"])
async def test_a_draft_outlives_a_reload_and_is_gone_after_signing_out(
    window: OpenWindow, stage: Stage, door: str
) -> None:
    person = stage.unused_user()
    tab = await window(person.username, 1)
    await tab.open_live()
    await tab.composer.fill("half a thought")
    await tab.page.reload()
    await expect(tab.composer).to_have_value("half a thought")

    if door != "/":
        await tab.page.goto(f"http://{tab.address}{door}")
    await tab.page.get_by_role("button", name="Sign out").last.click()
    await tab.page.wait_for_url("**/accounts/login/**")
    assert await tab.page.evaluate("Object.keys(localStorage)") == []


async def test_a_window_that_gave_way_to_others_takes_its_place_back_when_asked(
    window: OpenWindow, stage: Stage
) -> None:
    bob = await window("bob", 1)
    refused: list[WebSocketRoute] = []

    async def refuse_once(socket: WebSocketRoute) -> None:
        if refused:
            socket.connect_to_server()
            return
        refused.append(socket)
        await socket.close(code=4504)

    await bob.page.route_web_socket("**/ws/", refuse_once)
    await bob.open(1)
    await expect(bob.banner).to_contain_text("too many other windows")
    await bob.page.get_by_role("button", name="Use Hubbub here").click()
    await expect(bob.here).to_contain_text(["you"])
    await expect(bob.banner).to_have_count(0)


async def test_a_server_that_says_nothing_is_left_for_another(
    window: OpenWindow, stage: Stage
) -> None:
    bob = await window("bob", 1)
    silent: list[WebSocketRoute] = []

    async def be_silent_once(socket: WebSocketRoute) -> None:
        if silent:
            socket.connect_to_server()
        silent.append(socket)

    await bob.page.route_web_socket("**/ws/", be_silent_once)
    await bob.open(1)
    # No welcome for five seconds, and a second at most until the next attempt.
    await expect(bob.here).to_contain_text(["you"], timeout=15_000)
    assert len(silent) == 2


async def test_a_session_that_ends_leads_to_signing_in_and_back(
    window: OpenWindow, stage: Stage
) -> None:
    person = stage.unused_user()
    tab = await window(person.username, 1)
    await tab.open_live(1)
    stage.post_form(person, "/accounts/logout/")
    await tab.page.wait_for_url("**/accounts/login/?next=%2Frooms%2F1")


async def test_a_replica_that_says_goodbye_is_left_for_another_without_anybody_noticing(
    pair: Pair,
) -> None:
    room, alice, bob = pair
    sockets: list[WebSocketRoute] = []
    left = asyncio.Event()

    async def pass_on(socket: WebSocketRoute) -> None:
        sockets.append(socket)
        if len(sockets) == 2:  # the first try meets a replica that is leaving, too
            await socket.close(code=4001)
            return
        server = socket.connect_to_server()

        async def leave(code: int | None, reason: str | None) -> None:
            left.set()
            await server.close()

        socket.on_close(leave)

    await bob.page.route_web_socket("**/ws/", pass_on)
    await alice.open_live(room)
    await bob.open_live(room)
    await bob.page.evaluate(COUNT_BANNERS)
    await alice.say("before")
    sockets[0].send('{"type": "goodbye", "code": 4001, "retry_after_ms": 500}')
    await bob.say("meanwhile")
    async with asyncio.timeout(10):
        await left.wait()  # the page closed the old one, once the new one was welcome
    await alice.say("after")
    await expect(bob.bodies).to_have_text(["before", "meanwhile", "after"])
    assert len(sockets) == 3
    assert await bob.page.evaluate("globalThis.banners") == 0
