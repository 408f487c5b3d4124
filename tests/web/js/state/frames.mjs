/**
 * The protocol's frames and REST pages as the store's tests need them, and a page that has loaded
 * messages 8, 9 and 10 of room 7. Alice (1) is the page's user. Bob (2) stands for other users.
 */

import { unreadTotal, unsentOf } from "../../../../app/hubbub/web/static/hubbub/js/state/selectors.js";
import { initialState, reduce } from "../../../../app/hubbub/web/static/hubbub/js/state/store.js";
import { messagesInWindow } from "../../../../app/hubbub/web/static/hubbub/js/state/timeline.js";

const AT = "2026-01-01T00:00:00Z";
export const ALICE = { id: 1, name: "Alice" };
export const BOB = { id: 2, name: "Bob" };

export const ROOM = {
  id: 7,
  kind: "private",
  name: "seven",
  topic: "",
  archived_at: null,
  seq: 10,
  messages: 3,
  members: 2,
  lobby: false,
  role: "member",
  read: 3,
};

export function message(seq, fields = {}) {
  return {
    id: 100 + seq,
    room: 7,
    seq,
    rev: seq,
    number: seq - 7,
    nonce: `nonce-${seq}`,
    sender: BOB,
    body: `body ${seq}`,
    html: null,
    created_at: AT,
    edited_at: null,
    deleted_at: null,
    reply_to: null,
    ...fields,
  };
}

export function event(type, seq, fields = {}) {
  return { type, room: 7, seq, at: AT, actor: BOB, ...fields };
}

export function created(seq, fields = {}) {
  return event("message.created", seq, { message: message(seq, fields) });
}

export function edited(seq, { of, body }) {
  return event("message.edited", seq, { message: message(of, { body, rev: seq }) });
}

export function subscribed(seq, { resumed = true } = {}) {
  return { type: "subscribed", room: 7, seq, resumed, online: [ALICE], online_count: 1 };
}

export function pageOf(messages, { seq, before = true, after = false }) {
  return { seq, messages, quoted: [], notices: [], has_before: before, has_after: after };
}

export function loaded(page, where, fields = {}) {
  return { type: "page.messages_loaded", room: 7, page, where, ...fields };
}

/** Return the state after the page's first events and `events`. */
export function stateAfter(events, page = firstPage()) {
  const first = [
    { type: "page.rooms_loaded", rooms: [ROOM] },
    { type: "page.room_opened", room: 7 },
    loaded(page, "fresh"),
  ];
  return [...first, ...events].reduce(reduce, initialState(ALICE));
}

/** Return what the page shows of room 7 after `events`. */
export function shownAfter(events, page) {
  const state = stateAfter(events, page);
  const timeline = state.timelines.get(7);
  const room = state.rooms.get(7);
  return {
    bodies: messagesInWindow(timeline).map(({ body }) => body),
    position: timeline.position,
    needsSubscribe: timeline.needsSubscribe,
    needsLoad: timeline.needsLoad,
    dividerAfter: timeline.dividerAfter,
    online: timeline.online?.map((user) => user.id) ?? null,
    typing: [...timeline.typing.keys()],
    unread: unreadTotal(state),
    unsent: unsentOf(state, 7).map((entry) => entry.nonce),
    members: room?.members ?? null,
    name: room?.name ?? null,
    role: room?.role ?? null,
  };
}

function firstPage() {
  return pageOf([message(8), message(9), message(10)], { seq: 10 });
}
