/** What a timeline shows: days, the "New" divider, notices, messages and unsent messages. */

import assert from "node:assert/strict";
import { test } from "node:test";

import { itemsOf } from "../../../../app/hubbub/web/static/hubbub/js/state/timeline-items.js";
import { ALICE, created, event, message, pageOf, stateAfter, subscribed } from "./frames.mjs";

function itemsAfter(events, { page, unsent = [], lobby = false } = {}) {
  const timeline = stateAfter(events, page).timelines.get(7);
  return itemsOf(timeline, { me: ALICE, unsent, lobby, dayOf: (at) => at.slice(0, 10) });
}

const kinds = (items) => items.map((item) => item.kind);

test("messages of one sender are grouped under one name", () => {
  const items = itemsAfter([subscribed(10)]);
  assert.deepEqual(kinds(items), ["day", "message", "message", "message"]);
  assert.deepEqual(
    items.slice(1).map((item) => item.first),
    [true, false, false],
  );
});

test("a new day starts a new group", () => {
  const tomorrow = message(9, { created_at: "2026-01-02T00:00:00Z" });
  const items = itemsAfter([], { page: pageOf([message(8), tomorrow], { seq: 10 }) });
  assert.deepEqual(kinds(items), ["day", "message", "day", "message"]);
  assert.equal(items.at(-1).first, true);
});

test("the divider is above the first unread message", () => {
  const items = itemsAfter([subscribed(10), created(11), created(12)]);
  assert.deepEqual(kinds(items).slice(-3), ["new", "message", "message"]);
});

test("joins in a row are one item, and the lobby shows none", () => {
  const joins = [11, 12].map((seq) => event("member.joined", seq, { user: { id: seq } }));
  const items = itemsAfter([subscribed(10), ...joins]);
  assert.deepEqual(kinds(items).slice(-1), ["notices"]);
  assert.equal(items.at(-1).events.length, 2);
  assert.equal(kinds(itemsAfter([subscribed(10), ...joins], { lobby: true })).at(-1), "message");
});

test("unsent messages follow the latest message, and only there", () => {
  const unsent = [{ nonce: "n", body: "later", at: "2026-01-01T00:01:00Z" }];
  assert.equal(kinds(itemsAfter([], { unsent })).at(-1), "unsent");
  const past = pageOf([message(8)], { seq: 10, after: true });
  assert.equal(kinds(itemsAfter([], { unsent, page: past })).at(-1), "message");
});
