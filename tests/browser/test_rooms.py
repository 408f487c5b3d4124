"""What users do with rooms on the page, and how other users' pages learn of it."""

import asyncio

import pytest
from playwright.async_api import Locator, Route, WebSocketRoute, expect

from tests.browser.conftest import OpenWindow
from tests.browser.window import Window
from tests.cluster.stage import Stage

pytestmark = pytest.mark.asyncio(loop_scope="session")


async def test_a_room_is_created_found_and_joined(window: OpenWindow, stage: Stage) -> None:
    alice, charlie = await window("alice", 0), await window("charlie", 1)
    await alice.open_live(1)
    await alice.page.get_by_role("button", name="Find or create a room").click()
    await alice.page.get_by_role("button", name="New room").click()
    await alice.page.get_by_label("Name").fill("Observatory")
    await alice.page.get_by_label("Topic (optional)").fill("Stars and clouds")
    await alice.page.get_by_role("button", name="Create room").click()
    await expect(alice.page.get_by_role("heading", level=1)).to_have_text("Observatory")
    await alice.send_and_wait("Clear skies tonight")

    await charlie.open_live(1)
    await charlie.press("Control+k")
    await charlie.page.get_by_placeholder("Find a room").fill("observ")
    await charlie.page.get_by_role("button", name="Join: Observatory").click()
    await expect(charlie.message("Clear skies tonight")).to_be_visible()
    await expect(alice.viewers).to_contain_text(["Charlie Cook"])
    await expect(alice.page.locator(".event-notices")).to_contain_text(["Charlie Cook joined"])


async def test_a_taken_name_is_reported_in_the_dialog(window: OpenWindow, stage: Stage) -> None:
    alice = await window("alice", 0)
    await alice.open_live(1)
    await alice.press("Control+k")
    await alice.page.get_by_role("button", name="New room").click()
    await alice.page.get_by_label("Name").fill("LOBBY")
    await alice.page.get_by_role("button", name="Create room").click()
    alert = alice.page.get_by_role("alert")
    await expect(alert).to_contain_text("A room with that name already exists")
    alice.errors.clear()  # the browser logs the refusal as an error


async def test_members_are_invited_given_roles_and_removed_live(
    window: OpenWindow, stage: Stage
) -> None:
    people = stage.user("alice"), stage.user("bob")
    room = stage.room(people[:1])
    name = stage.rest(people[0], "GET", f"/rooms/{room}")["name"]
    alice, bob = await window("alice", 0), await window("bob", 1)
    await alice.open_live(room)
    await bob.open_live(1)
    await alice.page.locator(".room-settings-button").click()
    await alice.page.get_by_role("button", name="Invite", exact=True).click()
    await expect(alice.page.get_by_role("searchbox")).to_have_count(1)
    await alice.page.get_by_placeholder("Search by name").fill("bake")
    await alice.page.get_by_role("button", name="Invite: Bob Baker").click()
    await expect(alice.page.locator(".row")).to_contain_text(["Already a member"])
    await bob.room_link(name).click()
    await expect(bob.page.get_by_role("heading", level=1)).to_have_text(name)

    await alice.page.get_by_role("button", name="Members", exact=True).click()
    await alice.page.get_by_label("Role: Bob Baker").select_option("moderator")
    await expect(bob.page.locator(".event-notices")).to_contain_text(["made Bob Baker a moderator"])
    await alice.page.get_by_role("button", name="Remove: Bob Baker").click()
    await expect(bob.room_link(name)).to_have_count(0)
    await expect(bob.page.get_by_role("heading", level=1)).to_have_text("lobby")
    await expect(bob.page.locator(".toast")).to_contain_text("You're no longer a member of")


async def test_a_room_is_renamed_archived_and_restored(window: OpenWindow, stage: Stage) -> None:
    people = [stage.user("alice"), stage.user("bob")]
    room = stage.room(people)
    alice, bob = await window("alice", 0), await window("bob", 1)
    await alice.open_live(room)
    await bob.open_live(room)
    await _settings(alice, "About")
    await alice.page.get_by_label("Name").fill("Attic")
    await alice.page.get_by_role("button", name="Save").click()
    await expect(_title(bob)).to_have_text("Attic")
    await expect(bob.room_link("Attic")).to_have_count(1)

    await _settings(alice, "About")
    await alice.page.get_by_role("button", name="Archive room").click()
    await alice.page.get_by_role("button", name="Archive", exact=True).click()
    await expect(_title(alice)).to_have_text("lobby")
    await expect(_title(bob)).to_have_text("lobby")

    await alice.press("Control+k")
    await alice.page.get_by_role("button", name="Archived").click()
    await alice.page.get_by_role("button", name="Restore: Attic").click()
    await expect(_title(alice)).to_have_text("Attic")
    await alice.send_and_wait("Dusted off")
    await expect(bob.room_link("Attic")).to_have_count(1)


async def test_two_users_write_direct_messages(window: OpenWindow, stage: Stage) -> None:
    charlie, dana = await window("charlie", 0), await window("dana", 1)
    await charlie.open_live(1)
    await dana.open_live(1)
    await charlie.page.get_by_role("button", name="New message").first.click()
    await charlie.page.get_by_placeholder("Find a person").fill("dyer")
    await charlie.page.get_by_role("button", name="Message: Dana Dyer").click()
    await expect(_title(charlie)).to_have_text("Dana Dyer")
    await charlie.send_and_wait("Between us")
    await dana.room_link("Charlie Cook").click()
    await expect(dana.message("Between us")).to_be_visible()
    await expect(_title(dana)).to_have_text("Charlie Cook")


async def test_the_last_owner_sees_why_they_cannot_leave(window: OpenWindow, stage: Stage) -> None:
    people = [stage.user("alice"), stage.user("bob")]
    room = stage.room(people)
    name = stage.rest(people[0], "GET", f"/rooms/{room}")["name"]
    alice, bob = await window("alice", 0), await window("bob", 1)
    await alice.open_live(room)
    await _settings(alice, "About")
    await alice.page.get_by_role("button", name="Leave room").click()
    await alice.page.get_by_role("button", name="Leave", exact=True).click()
    problem = alice.page.locator(".alert-error")
    await expect(problem).to_contain_text("Make someone else an owner first")
    alice.errors.clear()

    await bob.open_live(room)
    await _settings(bob, "About")
    await bob.page.get_by_role("button", name="Leave room").click()
    await bob.page.get_by_role("button", name="Leave", exact=True).click()
    await expect(_title(bob)).to_have_text("lobby")
    await expect(bob.room_link(name)).to_have_count(0)


async def test_joins_are_folded_and_the_lobby_shows_none(window: OpenWindow, stage: Stage) -> None:
    members = stage.users(6)
    room = stage.room([stage.user("alice"), *members])
    alice = await window("alice", 0)
    await alice.open_live(room)
    folded = alice.page.locator("details.event-notices summary")
    await expect(folded).to_contain_text("Alice Archer added")
    await expect(folded).to_contain_text("and 3 others")
    await alice.open_live(1)
    await expect(alice.page.locator(".event-notices")).to_have_count(0)


async def test_a_room_that_loads_late_does_not_disturb_the_room_shown_by_then(
    window: OpenWindow, stage: Stage
) -> None:
    alice, bob = stage.user("alice"), await window("bob", 1)
    slow, shown = [stage.room([alice, bob.person]) for _ in range(2)]
    names = {room: stage.rest(alice, "GET", f"/rooms/{room}")["name"] for room in (slow, shown)}
    requested, released = asyncio.Event(), asyncio.Event()

    async def delay(route: Route) -> None:
        requested.set()
        await released.wait()
        await route.continue_()

    await bob.page.route(f"**/api/rooms/{slow}/messages*", delay)
    await bob.open_live(shown)
    await bob.room_link(names[slow]).click()
    async with asyncio.timeout(10):
        await requested.wait()
    await bob.room_link(names[shown]).click()
    await expect(_title(bob)).to_have_text(names[shown])
    async with bob.page.expect_response(f"**/api/rooms/{slow}/messages*"):
        released.set()
    stage.rest(alice, "POST", f"/rooms/{shown}/messages", body="Is anybody here?")
    await expect(bob.message("Is anybody here?")).to_be_visible()
    await expect(bob.page).to_have_url(f"http://{bob.address}/rooms/{shown}")
    await bob.room_link(names[slow]).click()
    await expect(_title(bob)).to_have_text(names[slow])
    await expect(bob.viewers).to_contain_text(["you"])


async def test_messages_between_the_page_and_its_first_connection_are_counted(
    window: OpenWindow, stage: Stage
) -> None:
    alice, bob = stage.user("alice"), await window("bob", 1)
    shown, other = [stage.room([alice, bob.person]) for _ in range(2)]
    name = stage.rest(alice, "GET", f"/rooms/{other}")["name"]
    allowed = asyncio.Event()

    async def refuse_until_allowed(socket: WebSocketRoute) -> None:
        if allowed.is_set():
            socket.connect_to_server()
        else:
            await socket.close()

    await bob.page.route_web_socket("**/ws/", refuse_until_allowed)
    await bob.open(shown)
    stage.rest(alice, "POST", f"/rooms/{other}/messages", body="Look over here")
    invited = stage.room([alice, bob.person])
    allowed.set()
    await expect(bob.viewers).to_contain_text(["you"], timeout=20_000)
    await expect(bob.room_link(name).locator(".unread-count")).to_have_text("1")
    new = stage.rest(alice, "GET", f"/rooms/{invited}")["name"]
    await expect(bob.room_link(new)).to_be_visible()


async def _settings(window: Window, tab: str) -> None:
    await window.page.locator(".room-settings-button").click()
    await window.page.get_by_role("button", name=tab, exact=True).click()


def _title(window: Window) -> Locator:
    return window.page.get_by_role("heading", level=1)
