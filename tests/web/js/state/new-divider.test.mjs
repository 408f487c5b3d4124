/** The page shows the "New" divider in the right place. */

import assert from "node:assert/strict";
import { test } from "node:test";

import { created, shownAfter, subscribed } from "./frames.mjs";

const visible = { type: "page.latest_visibility", room: 7, visible: true };
const hidden = { ...visible, visible: false };
const readUpTo = (number) => ({ type: "room.read", room: 7, number });

test("unread messages are counted, and the divider is above the first one", () => {
  const unseen = shownAfter([subscribed(10), created(11), created(12)]);
  assert.deepEqual([unseen.unread, unseen.dividerAfter], [2, 3]);
  const seen = shownAfter([subscribed(10), visible, created(11), readUpTo(4), readUpTo(2)]);
  assert.deepEqual([seen.unread, seen.dividerAfter], [0, null]);
});

// A message can arrive before or after the user scrolls, and the page notices that the user has
// scrolled only one frame later.
test("the divider is above what arrived just before the user was seen to look away", () => {
  const one = shownAfter([subscribed(10), visible, created(11), hidden]);
  assert.deepEqual([one.unread, one.dividerAfter], [1, 3]);
  const two = shownAfter([subscribed(10), visible, created(11), hidden, created(12)]);
  assert.deepEqual([two.unread, two.dividerAfter], [2, 3]);
  const events = [created(11), created(12), visible, readUpTo(5), hidden, created(13)];
  const afterReading = shownAfter([subscribed(10), ...events]);
  assert.deepEqual([afterReading.unread, afterReading.dividerAfter], [1, 5]);
});
