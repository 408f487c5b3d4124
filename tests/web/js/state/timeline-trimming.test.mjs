/** A page that stays open for days keeps only the latest messages of a room. */

import assert from "node:assert/strict";
import { test } from "node:test";

import {
  KEPT_MESSAGES,
  MAX_MESSAGES,
  firstKeptSeq,
} from "../../../../app/hubbub/web/static/hubbub/js/state/timeline-trimming.js";
import { messagesInWindow } from "../../../../app/hubbub/web/static/hubbub/js/state/timeline.js";
import { event, message, pageOf, stateAfter } from "./frames.mjs";

const FIRST = 11;

function timelineAfter(count, events = []) {
  const messages = Array.from({ length: count }, (_, index) => message(FIRST + index));
  const page = pageOf(messages, { seq: FIRST + count - 1 });
  return stateAfter(events, page).timelines.get(7);
}

test("nothing is dropped while there are few messages", () => {
  assert.equal(firstKeptSeq(timelineAfter(0)), null);
  assert.equal(firstKeptSeq(timelineAfter(MAX_MESSAGES - 1)), null);
});

test("of many messages the latest are kept", () => {
  assert.equal(firstKeptSeq(timelineAfter(MAX_MESSAGES)), FIRST + MAX_MESSAGES - KEPT_MESSAGES);
});

test("trimming drops what is older, and scrolling back loads it again", () => {
  const joined = event("member.joined", FIRST + 5, { user: { id: 3 } });
  const trimmed = { type: "page.messages_trimmed", room: 7, seq: FIRST + 3 };
  const timeline = timelineAfter(5, [joined, trimmed]);
  const seqs = messagesInWindow(timeline).map(({ seq }) => seq);
  assert.deepEqual(seqs, [FIRST + 3, FIRST + 4]);
  assert.deepEqual([...timeline.notices.keys()], [FIRST + 5]);
  assert.equal(timeline.from, FIRST + 3);
});
