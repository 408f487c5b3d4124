/** The page's store: state + event = next state, by the protocol's rules for a client. */

import assert from "node:assert/strict";
import { test } from "node:test";

import {
  BOB,
  ROOM,
  created,
  edited,
  event,
  loaded,
  message,
  pageOf,
  shownAfter,
  subscribed,
} from "./frames.mjs";

test("events are applied once and move the position", () => {
  const shown = shownAfter([subscribed(10), created(11), created(12), created(11)]);
  assert.deepEqual(shown.bodies, ["body 8", "body 9", "body 10", "body 11", "body 12"]);
  assert.equal(shown.position, 12);
});

test("a gap stops the position until the missing event arrives", () => {
  const shown = shownAfter([subscribed(10), created(12), created(13)]);
  assert.equal(shown.position, 10);
  assert.equal(shown.needsSubscribe, true);
  assert.deepEqual(shown.bodies, ["body 8", "body 9", "body 10"]);
  const healed = shownAfter([
    subscribed(10),
    created(12),
    created(11),
    created(12),
    subscribed(12),
  ]);
  assert.equal(healed.position, 12);
  assert.equal(healed.needsSubscribe, false);
});

test("an event of an unknown type is skipped but moves the position", () => {
  const shown = shownAfter([subscribed(10), event("reaction.added", 11), created(12)]);
  assert.equal(shown.position, 12);
});

test("of two states of a message the newer one stays", () => {
  const latePage = pageOf([message(8, { body: "old" })], { seq: 10 });
  const shown = shownAfter([
    subscribed(10),
    edited(11, { of: 8, body: "corrected" }),
    loaded(latePage, "before"),
  ]);
  assert.deepEqual(shown.bodies, ["corrected", "body 9", "body 10"]);
});

test("an edit that arrives before its page is shown on that page", () => {
  const messages = [message(5, { body: "old" }), message(6), message(7)];
  const shown = shownAfter([
    subscribed(10),
    edited(11, { of: 5, body: "corrected" }),
    loaded(pageOf(messages, { seq: 10, before: false }), "before"),
  ]);
  assert.deepEqual(shown.bodies.slice(0, 2), ["corrected", "body 6"]);
});

test("the answer and the event of a sent message arrive in either order", () => {
  const mine = { sender: { id: 1, name: "Alice" } };
  const answer = { type: "page.message_loaded", room: 7, message: message(12, mine) };
  const outbox = [{ nonce: "nonce-12", room: 7, body: "body 12" }];
  const waiting = { type: "page.outbox_changed", outbox };
  const answered = shownAfter([subscribed(10), waiting, answer]);
  assert.equal(answered.position, 10);
  assert.deepEqual(answered.unsent, []);
  const both = shownAfter([subscribed(10), waiting, answer, created(11), created(12, mine)]);
  assert.equal(both.position, 12);
  assert.deepEqual(both.bodies.slice(-2), ["body 11", "body 12"]);
});

test("a room that can't be resumed keeps its position until it is loaded", () => {
  const events = [subscribed(40, { resumed: false }), created(41)];
  const waiting = shownAfter(events);
  assert.deepEqual([waiting.position, waiting.needsLoad], [10, true]);
  const page = pageOf([message(39), message(40)], { seq: 40 });
  const done = shownAfter([...events, loaded(page, "fresh")]);
  assert.deepEqual([done.position, done.needsLoad], [41, false]);
  assert.deepEqual(done.bodies, ["body 39", "body 40", "body 41"]);
});

test("a connection lost during the load leaves the old position", () => {
  const shown = shownAfter([
    subscribed(40, { resumed: false }),
    { type: "page.disconnected" },
    loaded(pageOf([message(40)], { seq: 40 }), "fresh"),
  ]);
  assert.deepEqual([shown.position, shown.online], [10, null]);
});

test("a connection replaced during the load leaves the old position and who is online", () => {
  const shown = shownAfter([
    subscribed(40, { resumed: false }),
    { type: "page.connection_replaced" },
    loaded(pageOf([message(40)], { seq: 40 }), "fresh"),
  ]);
  assert.equal(shown.position, 10);
  assert.notEqual(shown.online, null);
});

test("a new epoch forgets what was known of the old log", () => {
  const shown = shownAfter([
    { type: "welcome", epoch: "one" },
    subscribed(10),
    { type: "welcome", epoch: "two" },
  ]);
  assert.deepEqual([shown.position, shown.bodies], [null, []]);
});

test("a window into the past hides new messages until it reaches them", () => {
  const past = pageOf([message(3), message(4)], { seq: 10, after: true });
  const untilNow = pageOf([message(5), message(6), message(7)], { seq: 11 });
  const events = [loaded(past, "fresh"), subscribed(10), created(11)];
  const shown = shownAfter(events);
  assert.deepEqual([shown.bodies, shown.position], [["body 3", "body 4"], 11]);
  const later = shownAfter([...events, loaded(untilNow, "after")]);
  assert.deepEqual(later.bodies.slice(-2), ["body 7", "body 11"]);
});

test("a page that arrives after the window moved leaves no gap", () => {
  const late = pageOf([message(1), message(2)], { seq: 10, before: false });
  const outdated = shownAfter([subscribed(10), loaded(late, "before", { edge: 3 })]);
  assert.deepEqual(outdated.bodies, ["body 8", "body 9", "body 10"]);
  const current = shownAfter([subscribed(10), loaded(late, "before", { edge: 8 })]);
  assert.deepEqual(current.bodies.slice(0, 2), ["body 1", "body 2"]);
});

test("a list of rooms doesn't undo what happened while it was requested", () => {
  const [added, left] = [8, 90].map((number) => ({
    ...ROOM,
    id: number,
    name: String(number),
    messages: number,
    read: 0,
  }));
  const meanwhile = [
    { type: "room.added", room_info: left },
    { type: "room.removed", room: left.id, reason: "left" },
    { type: "room.added", room_info: added },
  ];
  const answer = { type: "page.rooms_loaded", rooms: [ROOM, left], before: [7, left.id] };
  assert.equal(shownAfter([...meanwhile, answer]).unread, 8);
  // The page knows nothing about the other epoch yet.
  assert.equal(shownAfter([...meanwhile, { ...answer, reset: true }]).unread, 90);
});

test("typing ends with the message and after a while", () => {
  const typing = { type: "typing.started", room: 7, user: BOB, now: 1_000 };
  const tick = (now) => ({ type: "page.ticked", now });
  assert.deepEqual(shownAfter([typing]).typing, [2]);
  assert.deepEqual(shownAfter([subscribed(10), typing, created(11)]).typing, []);
  assert.deepEqual(shownAfter([typing, tick(5_900)]).typing, [2]);
  assert.deepEqual(shownAfter([typing, tick(6_100)]).typing, []);
});

test("people join and leave once each", () => {
  const presence = { type: "presence.changed", room: 7 };
  const join = { ...presence, joined: [BOB], left: [], online_count: 2 };
  const leave = { ...presence, joined: [], left: [2], online_count: 1 };
  assert.deepEqual(shownAfter([subscribed(10), join, join]).online, [1, 2]);
  assert.deepEqual(shownAfter([subscribed(10), join, leave]).online, [1]);
});

test("a replay doesn't count members twice", () => {
  const joined = [9, 10, 11].map((seq) =>
    event("member.joined", seq, { user: { id: seq, name: "Eve" } }),
  );
  const page = pageOf([message(8)], { seq: 8 });
  assert.equal(shownAfter([subscribed(8), ...joined], page).members, 3);
});

test("a room that is renamed while another is open changes in the sidebar", () => {
  const { role, read, ...info } = ROOM;
  const renamed = { type: "room.changed", room_info: { ...info, name: "Orchard" } };
  const shown = shownAfter([renamed]);
  assert.deepEqual([shown.name, shown.role, shown.unread], ["Orchard", "member", 0]);
});
