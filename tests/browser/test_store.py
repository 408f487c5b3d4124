"""The page's store, alone: state + events = state, by the protocol's rules for a client.

Runs in the browser, on modules as they are served; nothing is connected to a server.
"""

from collections.abc import AsyncIterator
from typing import Any

import pytest
import pytest_asyncio
from playwright.async_api import Browser, Page

from tests.cluster.stage import Stage

pytestmark = pytest.mark.asyncio(loop_scope="session")

Frame = dict[str, Any]

ROOM: Frame = {
    "id": 7,
    "kind": "private",
    "name": "seven",
    "topic": "",
    "archived_at": None,
    "seq": 10,
    "messages": 3,
    "members": 2,
    "lobby": False,
    "role": "member",
    "read": 3,
}

RUN = """async ({room, page, events}) => {
  const store = await import("/static/hubbub/js/store.js");
  const { initialState, reduce, unreadTotal, unsentOf } = store;
  const { messagesOf } = await import("/static/hubbub/js/timeline.js");
  let state = initialState({ id: 1, name: "Alice" });
  const all = [{ type: "page.rooms", rooms: [room] }, { type: "page.opened", room: 7 },
    { type: "page.loaded", room: 7, page, where: "fresh" }, ...events];
  for (const event of all) state = reduce(state, event);
  const timeline = state.timelines.get(7);
  return {
    bodies: messagesOf(timeline).map((message) => message.body),
    position: timeline.position,
    needsSubscribe: timeline.needsSubscribe,
    needsLoad: timeline.needsLoad,
    newAfter: timeline.newAfter,
    online: timeline.online?.map((user) => user.id) ?? null,
    typing: [...timeline.typing.keys()],
    unread: unreadTotal(state),
    unsent: unsentOf(state, 7).map((entry) => entry.nonce),
    members: state.rooms.get(7)?.members ?? null,
    name: state.rooms.get(7)?.name ?? null,
    role: state.rooms.get(7)?.role ?? null,
  };
}"""


class Store:
    """Runs events through the store of a page that has loaded messages 8, 9 and 10 of room 7."""

    def __init__(self, page: Page) -> None:
        self._page = page

    async def after(self, *events: Frame, page: Frame | None = None) -> Frame:
        page = page or page_of(message(8), message(9), message(10), seq=10)
        given = {"room": ROOM, "page": page, "events": list(events)}
        result: Frame = await self._page.evaluate(RUN, given)
        return result


@pytest_asyncio.fixture(scope="module", loop_scope="session")
async def store(browser: Browser, stage: Stage) -> AsyncIterator[Store]:
    person = stage.person("alice")
    context = await browser.new_context(extra_http_headers=person.headers)
    page = await context.new_page()
    await page.route_web_socket("**/ws/", lambda socket: None)
    await page.goto(f"http://{stage.address(0)}/")
    yield Store(page)
    await context.close()


def message(seq: int, body: str = "", sender: int = 2, **fields: Any) -> Frame:
    return {
        "id": 100 + seq,
        "room": 7,
        "seq": seq,
        "rev": seq,
        "number": seq - 7,
        "nonce": f"nonce-{seq}",
        "sender": {"id": sender, "name": "Bob"},
        "body": body or f"body {seq}",
        "html": None,
        "created_at": "2026-01-01T00:00:00Z",
        "edited_at": None,
        "deleted_at": None,
        "reply_to": None,
    } | fields


def created(seq: int, **fields: Any) -> Frame:
    return event("message.created", seq, message=message(seq, **fields))


def edited(seq: int, of: int, body: str) -> Frame:
    return event("message.edited", seq, message=message(of, body, rev=seq))


def event(type: str, seq: int, **fields: Any) -> Frame:
    actor = {"id": 2, "name": "Bob"}
    return {
        "type": type,
        "room": 7,
        "seq": seq,
        "at": "2026-01-01T00:00:00Z",
        "actor": actor,
    } | fields


def subscribed(seq: int, *, resumed: bool = True) -> Frame:
    return {
        "type": "subscribed",
        "room": 7,
        "seq": seq,
        "resumed": resumed,
        "online": [{"id": 1, "name": "Alice"}],
        "online_count": 1,
    }


def page_of(*messages: Frame, seq: int, before: bool = True, after: bool = False) -> Frame:
    return {
        "seq": seq,
        "messages": list(messages),
        "quoted": [],
        "notices": [],
        "has_before": before,
        "has_after": after,
    }


async def test_events_are_applied_once_and_move_the_position(store: Store) -> None:
    seen = await store.after(subscribed(10), created(11), created(12), created(11))
    assert seen["bodies"] == ["body 8", "body 9", "body 10", "body 11", "body 12"]
    assert seen["position"] == 12


async def test_a_hole_is_not_passed_over(store: Store) -> None:
    seen = await store.after(subscribed(10), created(12), created(13))
    assert seen["position"] == 10
    assert seen["needsSubscribe"]
    assert seen["bodies"] == ["body 8", "body 9", "body 10"]
    healed = await store.after(
        subscribed(10), created(12), created(11), created(12), subscribed(12)
    )
    assert healed["position"] == 12
    assert not healed["needsSubscribe"]


async def test_an_unknown_type_is_skipped_and_still_counts(store: Store) -> None:
    seen = await store.after(subscribed(10), event("reaction.added", 11), created(12))
    assert seen["position"] == 12


async def test_of_two_states_of_a_message_the_newer_stays(store: Store) -> None:
    late_page = page_of(message(8, "old"), seq=10)
    seen = await store.after(
        subscribed(10),
        edited(11, of=8, body="mended"),
        {"type": "page.loaded", "room": 7, "page": late_page, "where": "before"},
    )
    assert seen["bodies"] == ["mended", "body 9", "body 10"]


async def test_an_edit_that_comes_before_its_page_is_on_it(store: Store) -> None:
    older = page_of(message(5, "old"), message(6), message(7), seq=10, before=False)
    seen = await store.after(
        subscribed(10),
        edited(11, of=5, body="mended"),
        {"type": "page.loaded", "room": 7, "page": older, "where": "before"},
    )
    assert seen["bodies"][:2] == ["mended", "body 6"]


async def test_the_answer_and_the_event_come_in_either_order(store: Store) -> None:
    answer = {"type": "page.message", "room": 7, "message": message(12, sender=1)}
    outbox = [{"nonce": "nonce-12", "room": 7, "body": "body 12"}]
    waiting = {"type": "page.outbox", "outbox": outbox}
    first = await store.after(subscribed(10), waiting, answer)
    assert (first["position"], first["unsent"]) == (10, [])
    both = await store.after(subscribed(10), waiting, answer, created(11), created(12, sender=1))
    assert both["position"] == 12
    assert both["bodies"][-2:] == ["body 11", "body 12"]


async def test_a_room_too_far_behind_moves_on_once_it_is_loaded_anew(store: Store) -> None:
    waiting = await store.after(subscribed(40, resumed=False), created(41))
    assert (waiting["position"], waiting["needsLoad"]) == (10, True)
    page = page_of(message(39), message(40), seq=40)
    loaded = await store.after(
        subscribed(40, resumed=False),
        created(41),
        {"type": "page.loaded", "room": 7, "page": page, "where": "fresh"},
    )
    assert (loaded["position"], loaded["needsLoad"]) == (41, False)
    assert loaded["bodies"] == ["body 39", "body 40", "body 41"]


async def test_a_socket_lost_during_the_load_leaves_the_old_position(store: Store) -> None:
    page = page_of(message(40), seq=40)
    seen = await store.after(
        subscribed(40, resumed=False),
        {"type": "page.disconnected"},
        {"type": "page.loaded", "room": 7, "page": page, "where": "fresh"},
    )
    assert (seen["position"], seen["online"]) == (10, None)


async def test_a_socket_left_during_the_load_leaves_the_old_position_and_who_is_here(
    store: Store,
) -> None:
    page = page_of(message(40), seq=40)
    seen = await store.after(
        subscribed(40, resumed=False),
        {"type": "page.moved"},
        {"type": "page.loaded", "room": 7, "page": page, "where": "fresh"},
    )
    assert seen["position"] == 10
    assert seen["online"] is not None


async def test_another_log_forgets_what_was_known_of_the_old_one(store: Store) -> None:
    seen = await store.after(
        {"type": "welcome", "epoch": "one"}, subscribed(10), {"type": "welcome", "epoch": "two"}
    )
    assert (seen["position"], seen["bodies"]) == (None, [])


async def test_a_window_into_the_past_hides_news_until_it_reaches_them(store: Store) -> None:
    past = page_of(message(3), message(4), seq=10, after=True)
    up_to_now = page_of(message(5), message(6), message(7), seq=11)
    events = (
        {"type": "page.loaded", "room": 7, "page": past, "where": "fresh"},
        subscribed(10),
        created(11),
    )
    seen = await store.after(*events)
    assert (seen["bodies"], seen["position"]) == (["body 3", "body 4"], 11)
    seen = await store.after(
        *events, {"type": "page.loaded", "room": 7, "page": up_to_now, "where": "after"}
    )
    assert seen["bodies"][-2:] == ["body 7", "body 11"]


async def test_a_page_that_comes_after_the_window_moved_makes_no_hole(store: Store) -> None:
    late = page_of(message(1), message(2), seq=10, before=False)
    loaded = {"type": "page.loaded", "room": 7, "page": late, "where": "before", "edge": 3}
    seen = await store.after(subscribed(10), loaded)
    assert seen["bodies"] == ["body 8", "body 9", "body 10"]
    seen = await store.after(subscribed(10), loaded | {"edge": 8})
    assert seen["bodies"][:2] == ["body 1", "body 2"]


async def test_unread_is_counted_and_the_line_stands_above_the_first_unseen(store: Store) -> None:
    seen = await store.after(subscribed(10), created(11), created(12))
    assert (seen["unread"], seen["newAfter"]) == (2, 3)
    watched = {"type": "page.watched", "room": 7, "watched": True}
    read = {"type": "room.read", "room": 7, "number": 4}
    back = {"type": "room.read", "room": 7, "number": 2}
    seen = await store.after(subscribed(10), watched, created(11), read, back)
    assert (seen["unread"], seen["newAfter"]) == (0, None)


async def test_the_line_stands_above_what_came_just_before_one_was_seen_to_look_away(
    store: Store,
) -> None:
    """Scrolling and messages come in either order, and a page hears of scrolling a frame late."""
    watched = {"type": "page.watched", "room": 7, "watched": True}
    away = watched | {"watched": False}
    seen = await store.after(subscribed(10), watched, created(11), away)
    assert (seen["unread"], seen["newAfter"]) == (1, 3)
    seen = await store.after(subscribed(10), watched, created(11), away, created(12))
    assert (seen["unread"], seen["newAfter"]) == (2, 3)
    read = {"type": "room.read", "room": 7, "number": 5}
    seen = await store.after(
        subscribed(10), created(11), created(12), watched, read, away, created(13)
    )
    assert (seen["unread"], seen["newAfter"]) == (1, 5)


async def test_a_list_of_rooms_undoes_nothing_that_came_while_it_was_asked_for(
    store: Store,
) -> None:
    came, left = (
        ROOM | {"id": number, "name": str(number), "messages": number, "read": 0}
        for number in (8, 90)
    )
    meanwhile = (
        {"type": "room.added", "room_info": left},
        {"type": "room.removed", "room": left["id"], "reason": "left"},
        {"type": "room.added", "room_info": came},
    )
    answer = {"type": "page.rooms", "rooms": [ROOM, left], "since": [7, left["id"]]}
    assert (await store.after(*meanwhile, answer))["unread"] == 8
    # Of another log nothing is known yet.
    assert (await store.after(*meanwhile, answer | {"anew": True}))["unread"] == 90


async def test_who_types_is_forgotten_with_their_message_and_with_time(store: Store) -> None:
    typing = {"type": "typing.started", "room": 7, "user": {"id": 2, "name": "Bob"}, "now": 1_000}
    assert (await store.after(typing))["typing"] == [2]
    assert (await store.after(subscribed(10), typing, created(11)))["typing"] == []
    assert (await store.after(typing, {"type": "page.ticked", "now": 5_900}))["typing"] == [2]
    assert (await store.after(typing, {"type": "page.ticked", "now": 6_100}))["typing"] == []


async def test_people_come_and_go_once_each(store: Store) -> None:
    joined = [{"id": 2, "name": "Bob"}]
    change = {
        "type": "presence.changed",
        "room": 7,
        "joined": joined,
        "left": [],
        "online_count": 2,
    }
    gone = {"type": "presence.changed", "room": 7, "joined": [], "left": [2], "online_count": 1}
    assert (await store.after(subscribed(10), change, change))["online"] == [1, 2]
    assert (await store.after(subscribed(10), change, gone))["online"] == [1]


async def test_members_are_not_counted_twice_by_a_replay(store: Store) -> None:
    page = page_of(message(8), seq=8)
    joined = [event("member.joined", seq, user={"id": seq, "name": "Eve"}) for seq in (9, 10, 11)]
    seen = await store.after(subscribed(8), *joined, page=page)
    assert seen["members"] == 3


async def test_a_room_renamed_while_another_is_open_is_named_anew_in_the_side(
    store: Store,
) -> None:
    info = {name: value for name, value in ROOM.items() if name not in ("role", "read")}
    seen = await store.after({"type": "room.changed", "room_info": info | {"name": "Orchard"}})
    assert (seen["name"], seen["role"], seen["unread"]) == ("Orchard", "member", 0)
