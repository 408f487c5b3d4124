"""A page that loses its replica or network reconnects. No message is lost or duplicated."""

import asyncio

import pytest
from playwright.async_api import WebSocketRoute, expect

from tests.browser.conftest import OpenWindow, Pair
from tests.cluster.stage import Stage, start

pytestmark = pytest.mark.asyncio(loop_scope="session")

# Because of its backoff, the page makes its fifth attempt about half a minute after its first.
RECONNECT_TIMEOUT_MS = 30_000
COUNT_BANNERS = """() => {
  globalThis.banners = 0;
  const found = () => document.querySelectorAll(".connection-banner").length;
  const count = () => (globalThis.banners += found());
  new MutationObserver(count).observe(document.body, { childList: true, subtree: true });
}"""


async def test_a_replica_that_dies_and_restarts_loses_and_duplicates_nothing(
    live_pair: Pair, stage: Stage
) -> None:
    _, alice, bob = live_pair
    await bob.send_and_wait("before")
    replica = stage.cluster.replicas[-1]
    replica.kill()
    await expect(bob.banner).to_contain_text("Reconnecting")
    await bob.send("written while offline")
    await expect(bob.unsent).to_contain_text(["Will send when you're back online"])
    if len(stage.cluster.replicas) > 1:
        await alice.send_and_wait("sent meanwhile")
    await start(replica)
    await expect(bob.banner).to_have_count(0, timeout=RECONNECT_TIMEOUT_MS)
    await expect(bob.message("written while offline")).to_have_count(1)
    await alice.send_and_wait("after")
    await expect(bob.message("after")).to_have_count(1)
    expected = ["before", "sent meanwhile", "written while offline", "after"]
    if len(stage.cluster.replicas) == 1:
        expected.remove("sent meanwhile")
    for each in (alice, bob):
        await expect(each.bodies).to_have_text(expected)


async def test_a_message_written_offline_is_sent_once_after_a_reload(
    window: OpenWindow, stage: Stage
) -> None:
    room = stage.room([stage.user("alice"), stage.user("bob")])
    bob = await window("bob", 1)
    await bob.page.route_web_socket("**/ws/", lambda socket: socket.close())
    await bob.open(room)
    await bob.send("from the train")
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


async def test_a_refused_message_says_why_and_can_be_deleted(
    window: OpenWindow, stage: Stage
) -> None:
    alice, bob = stage.user("alice"), stage.user("bob")
    room = stage.room([alice, bob])
    page = await window("bob", 1)
    await page.open_live(room)
    await page.page.evaluate("localStorage.setItem('hubbub.0.draft.1', 'of another user')")
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


@pytest.mark.parametrize("path", ["/", "/settings/", "/accounts/logout/"])
async def test_a_draft_survives_a_reload_and_is_gone_after_signing_out(
    window: OpenWindow, stage: Stage, path: str
) -> None:
    person = stage.unused_user()
    tab = await window(person.username, 1)
    await tab.open_live()
    await tab.composer.fill("half a thought")
    await tab.page.reload()
    await expect(tab.composer).to_have_value("half a thought")

    if path != "/":
        await tab.page.goto(f"http://{tab.address}{path}")
    await tab.page.get_by_role("button", name="Sign out").last.click()
    await tab.page.wait_for_url("**/accounts/login/**")
    assert await tab.page.evaluate("Object.keys(localStorage)") == []


async def test_a_window_replaced_by_others_reconnects_on_request(
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
    await expect(bob.viewers).to_contain_text(["you"])
    await expect(bob.banner).to_have_count(0)


async def test_a_silent_server_is_abandoned_for_another(window: OpenWindow, stage: Stage) -> None:
    bob = await window("bob", 1)
    silent: list[WebSocketRoute] = []

    async def stay_silent_once(socket: WebSocketRoute) -> None:
        if silent:
            socket.connect_to_server()
        silent.append(socket)

    await bob.page.route_web_socket("**/ws/", stay_silent_once)
    await bob.open(1)
    # The page waits five seconds for a `welcome`, and up to one more second before it tries again.
    await expect(bob.viewers).to_contain_text(["you"], timeout=15_000)
    assert len(silent) == 2


async def test_a_session_that_ends_redirects_to_sign_in_and_back(
    window: OpenWindow, stage: Stage
) -> None:
    person = stage.unused_user()
    tab = await window(person.username, 1)
    await tab.open_live(1)
    stage.post_form(person, "/accounts/logout/")
    await tab.page.wait_for_url("**/accounts/login/?next=%2Frooms%2F1")


async def test_a_drained_replica_is_left_for_another_without_the_user_noticing(
    pair: Pair,
) -> None:
    room, alice, bob = pair
    sockets: list[WebSocketRoute] = []
    closed_by_page = asyncio.Event()

    async def relay(socket: WebSocketRoute) -> None:
        sockets.append(socket)
        # The page's first attempt to move reaches a replica that is draining, too.
        if len(sockets) == 2:
            await socket.close(code=4001)
            return
        server = socket.connect_to_server()

        async def record_close(code: int | None, reason: str | None) -> None:
            closed_by_page.set()
            await server.close()

        socket.on_close(record_close)

    await bob.page.route_web_socket("**/ws/", relay)
    await alice.open_live(room)
    await bob.open_live(room)
    await bob.page.evaluate(COUNT_BANNERS)
    await alice.send_and_wait("before")
    sockets[0].send('{"type": "goodbye", "code": 4001, "retry_after_ms": 500}')
    await bob.send_and_wait("meanwhile")
    async with asyncio.timeout(10):
        # The page closes the old socket once the new one has received its `welcome`.
        await closed_by_page.wait()
    await alice.send_and_wait("after")
    await expect(bob.bodies).to_have_text(["before", "meanwhile", "after"])
    assert len(sockets) == 3
    assert await bob.page.evaluate("globalThis.banners") == 0
