/**
 * The state of the page: state + event = state. Pure: no DOM, no clock, no I/O.
 *
 * Events are the protocol's frames as they came, and the page's own, `page.…`. The controller
 * (`page.js`) dispatches; elements read. A state is never changed in place.
 */

import { changesBy, mergeRoom, nameOf, unreadOf } from "./room.js";
import {
  emptyTimeline,
  messagesOf,
  onNextSocket,
  trimmedTo,
  withEvent,
  withMessage,
  withoutSocket,
  withoutTypingBefore,
  withPage,
  withPresence,
  withSubscribed,
  withTyping,
} from "./timeline.js";

export const TYPING_MS = 5_000;
const TIMELINES_KEPT = 12;
// "room 10" comes after "room 9".
const byName = new Intl.Collator(undefined, { numeric: true });
const SECTIONS = { public: 0, private: 0, direct: 1 };

export function initialState(me) {
  return {
    me,
    epoch: null,
    line: "connecting", // connecting, live, lost, elsewhere, outdated
    rooms: new Map(),
    // A room that one looks at without being in it.
    preview: null,
    open: null,
    timelines: new Map(),
    outbox: [],
    limits: {},
  };
}

export function reduce(state, event) {
  const apply = REDUCERS[event.type];
  if (apply) return apply(state, event);
  return "seq" in event && "room" in event ? applyLogged(state, event) : state;
}

export class Store {
  constructor(state) {
    this.state = state;
    this.listeners = new Set();
  }

  dispatch(event) {
    const before = this.state;
    this.state = reduce(before, event);
    if (this.state !== before) for (const listener of this.listeners) listener(this.state, before);
  }

  listen(listener) {
    this.listeners.add(listener);
    return () => this.listeners.delete(listener);
  }
}

export function unreadTotal(state) {
  return [...state.rooms.values()].reduce((total, room) => total + unreadOf(room), 0);
}

/** One's rooms in the order of the side: the lobby, rooms by name, then conversations. */
export function roomsInOrder(state) {
  const rank = (room) => (room.lobby ? -1 : SECTIONS[room.kind]);
  return [...state.rooms.values()].sort(
    (one, other) => rank(one) - rank(other) || byName.compare(nameOf(one), nameOf(other)),
  );
}

export function openRoom(state) {
  return state.rooms.get(state.open) ?? (state.preview?.id === state.open ? state.preview : null);
}

export function openTimeline(state) {
  return state.timelines.get(state.open) ?? null;
}

/** What one wrote into a room that has not come back as a message yet. */
export function unsentOf(state, room) {
  const timeline = state.timelines.get(room);
  const mine = timeline ? messagesOf(timeline).filter((it) => it.sender.id === state.me.id) : [];
  const sent = new Set(mine.map((message) => message.nonce));
  return state.outbox.filter((entry) => entry.room === room && !sent.has(entry.nonce));
}

const REDUCERS = {
  "page.rooms": listed,
  "page.room": (state, { room }) => withRoom(state, room),
  "page.preview": (state, { room }) => ({ ...state, preview: room }),
  "page.opened": opened,
  "page.loaded": loaded,
  "page.message": (state, { room, message }) => inTimeline(state, room, withMessage, message),
  "page.outbox": (state, { outbox }) => ({ ...state, outbox }),
  "page.line": (state, { line }) => (state.line === line ? state : { ...state, line }),
  "page.disconnected": (state) => everyTimeline(state, withoutSocket),
  "page.moved": (state) => everyTimeline(state, onNextSocket),
  "page.watched": watched,
  "page.trimmed": (state, { room, seq }) => inTimeline(state, room, trimmedTo, seq),
  "page.ticked": (state, { now }) =>
    everyTimeline(state, (timeline) => withoutTypingBefore(timeline, now - TYPING_MS)),
  welcome,
  subscribed: (state, frame) => inTimeline(state, frame.room, withSubscribed, frame),
  "typing.started": (state, { room, user, now }) =>
    user.id === state.me.id ? state : inTimeline(state, room, withTyping, user, now),
  "presence.changed": (state, frame) => inTimeline(state, frame.room, withPresence, frame),
  "room.added": (state, { room_info: room }) => withRoom(state, room),
  "room.changed": (state, { room_info: room }) => changeRoom(state, room.id, () => room),
  "room.removed": removed,
  "room.bumped": (state, { room, number }) =>
    changeRoom(state, room, (info) => ({ messages: Math.max(info.messages, number) })),
  "room.read": (state, { room, number }) =>
    changeRoom(state, room, (info) => ({ read: Math.max(info.read ?? 0, number) })),
};

/**
 * Take the list of one's rooms. Of rooms that were added or removed since it was asked for, when
 * there were those of `since`, the event knows better.
 */
function listed(state, { rooms, since = [], anew = false }) {
  const known = anew ? new Map() : state.rooms;
  const next = new Map(rooms.map((room) => [room.id, mergeRoom(known.get(room.id), room)]));
  const before = new Set(since);
  for (const [id, room] of known) if (before.size && !before.has(id)) next.set(id, room);
  for (const id of before) if (!anew && !known.has(id)) next.delete(id);
  return { ...state, rooms: next };
}

function opened(state, { room }) {
  const info = state.rooms.get(room);
  const timelines = new Map(state.timelines);
  const held = timelines.get(room);
  // Begun anew where it has news, to begin at the line, and where it is a window into the past.
  const isCurrent = held?.loaded && held.to === Infinity && !(info && unreadOf(info));
  const timeline = isCurrent ? held : emptyTimeline(room);
  timelines.delete(room);
  timelines.set(room, { ...timeline, watched: false, newAfter: unreadLine(info) });
  for (const old of timelines.keys()) {
    if (timelines.size > TIMELINES_KEPT) timelines.delete(old);
  }
  return { ...state, open: room, timelines };
}

function unreadLine(info) {
  return info && unreadOf(info) ? info.read : null;
}

function loaded(state, { room, page, where, edge }) {
  return inTimeline(state, room, withPage, page, where, edge);
}

function watched(state, { room, watched: isWatched }) {
  const info = state.rooms.get(room);
  return inTimeline(state, room, (timeline) => {
    if (timeline.watched === isWatched) return timeline;
    const next = { ...timeline, watched: isWatched };
    // What came since one looked away, and before the page heard of it, is not read.
    return isWatched ? next : withLine(next, info);
  });
}

function welcome(state, frame) {
  const known = { ...state, epoch: frame.epoch, limits: frame.limits ?? {} };
  if (state.epoch === null || state.epoch === frame.epoch) return known;
  // The log is another one: whatever was known of it may not be there any more.
  return everyTimeline(known, (timeline) => ({
    ...emptyTimeline(timeline.room),
    newAfter: timeline.newAfter,
  }));
}

function removed(state, { room }) {
  const rooms = new Map(state.rooms);
  rooms.delete(room);
  const timelines = new Map(state.timelines);
  timelines.delete(room);
  return { ...state, rooms, timelines };
}

function applyLogged(state, event) {
  const before = state.timelines.get(event.room);
  const next = inTimeline(state, event.room, withEvent, event);
  const after = next.timelines.get(event.room);
  if (!before || before === after || after.needsSubscribe) return next;
  return drawLine(
    changeRoom(next, event.room, (info) => changesBy(info, event, state.me)),
    event,
  );
}

/** Put the "new" line above the first message that came while nobody looked. */
function drawLine(state, event) {
  if (event.type !== "message.created" || !event.message) return state;
  const isMine = event.message.sender.id === state.me.id;
  const info = state.rooms.get(event.room);
  return inTimeline(state, event.room, (timeline) => {
    if (isMine) return { ...timeline, newAfter: null };
    return timeline.watched ? timeline : withLine(timeline, info);
  });
}

/** Where nothing is unread, the line stays where it was: what is below it was just read. */
function withLine(timeline, info) {
  const line = unreadLine(info);
  return line === null || line === timeline.newAfter ? timeline : { ...timeline, newAfter: line };
}

function withRoom(state, room) {
  const rooms = new Map(state.rooms);
  rooms.set(room.id, mergeRoom(state.rooms.get(room.id), room));
  return { ...state, rooms };
}

function changeRoom(state, id, change) {
  const info = state.rooms.get(id);
  if (!info) return state;
  return { ...state, rooms: new Map(state.rooms).set(id, { ...info, ...change(info) }) };
}

function inTimeline(state, room, change, ...rest) {
  const timeline = state.timelines.get(room);
  const next = timeline && change(timeline, ...rest);
  if (next === timeline) return state;
  return { ...state, timelines: new Map(state.timelines).set(room, next) };
}

function everyTimeline(state, change) {
  let next = state;
  for (const room of state.timelines.keys()) next = inTimeline(next, room, change);
  return next;
}
