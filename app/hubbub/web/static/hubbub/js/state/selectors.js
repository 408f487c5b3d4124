/** Answers questions about the page's state, for the controller and the elements. Pure. */

import { nameOf, unreadOf } from "./room.js";
import { messagesInWindow } from "./timeline.js";

// Compare numbers as numbers, so that "room 10" comes after "room 9".
const byName = new Intl.Collator(undefined, { numeric: true });
const SECTIONS = { public: 0, private: 0, direct: 1 };

export function openRoom(state) {
  return state.rooms.get(state.open) ?? (state.preview?.id === state.open ? state.preview : null);
}

export function openTimeline(state) {
  return state.timelines.get(state.open) ?? null;
}

export function unreadTotal(state) {
  return [...state.rooms.values()].reduce((total, room) => total + unreadOf(room), 0);
}

/** The user's rooms in the order of the sidebar: the lobby, rooms by name, direct messages. */
export function roomsInOrder(state) {
  const rank = (room) => (room.lobby ? -1 : SECTIONS[room.kind]);
  return [...state.rooms.values()].sort(
    (one, other) => rank(one) - rank(other) || byName.compare(nameOf(one), nameOf(other)),
  );
}

/** The outbox's entries for a room that haven't arrived as messages yet. */
export function unsentOf(state, room) {
  const timeline = state.timelines.get(room);
  const isMine = (message) => message.sender.id === state.me.id;
  const mine = timeline ? messagesInWindow(timeline).filter(isMine) : [];
  const sent = new Set(mine.map((message) => message.nonce));
  return state.outbox.filter((entry) => entry.room === room && !sent.has(entry.nonce));
}
