/**
 * The page's state: a function applies an event to a state and returns the next state. Pure: no
 * DOM, no clock, no I/O.
 *
 * Events are the protocol's frames, unchanged, and the page's own events, whose types start with
 * `page.`. The controller and the live updates dispatch them; elements only read. A state is never
 * modified: each event creates a new one.
 */

import { lastReadOf, withDividerAtUnread, withDividerOnArrival } from "./new-divider.js";
import { changesOf, mergeRoom, unreadOf } from "./room.js";
import { trimmedBefore } from "./timeline-trimming.js";
import {
  emptyTimeline,
  onNextConnection,
  withEvent,
  withMessage,
  withoutConnection,
  withoutTypingBefore,
  withPage,
  withPresence,
  withSubscribed,
  withTyping,
} from "./timeline.js";

export const TYPING_MS = 5_000;
const MAX_TIMELINES = 12;

export function initialState(me) {
  return {
    me,
    epoch: null,
    connection: "connecting", // connecting, connected, lost, replaced, outdated
    rooms: new Map(),
    // A room that the user is looking at without being a member.
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
  return "seq" in event && "room" in event ? applyLogEvent(state, event) : state;
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

  /** Call `listener(state, before)` after each change; return a function that stops this. */
  listen(listener) {
    this.listeners.add(listener);
    return () => this.listeners.delete(listener);
  }
}

const REDUCERS = {
  "page.rooms_loaded": roomsLoaded,
  "page.room_loaded": (state, { room }) => withRoom(state, room),
  "page.room_previewed": (state, { room }) => ({ ...state, preview: room }),
  "page.room_opened": roomOpened,
  "page.messages_loaded": (state, { room, page, where, edge }) =>
    inTimeline(state, room, withPage, page, where, edge),
  "page.message_loaded": (state, { room, message }) =>
    inTimeline(state, room, withMessage, message),
  "page.messages_trimmed": (state, { room, seq }) => inTimeline(state, room, trimmedBefore, seq),
  "page.latest_visibility": latestVisibilityChanged,
  "page.outbox_changed": (state, { outbox }) => ({ ...state, outbox }),
  "page.connection_changed": (state, { connection }) =>
    state.connection === connection ? state : { ...state, connection },
  "page.disconnected": (state) => inEveryTimeline(state, withoutConnection),
  "page.connection_replaced": (state) => inEveryTimeline(state, onNextConnection),
  "page.ticked": (state, { now }) =>
    inEveryTimeline(state, (timeline) => withoutTypingBefore(timeline, now - TYPING_MS)),
  welcome: welcomed,
  subscribed: (state, frame) => inTimeline(state, frame.room, withSubscribed, frame),
  "typing.started": (state, { room, user, now }) =>
    user.id === state.me.id ? state : inTimeline(state, room, withTyping, user, now),
  "presence.changed": (state, frame) => inTimeline(state, frame.room, withPresence, frame),
  "room.added": (state, { room_info: room }) => withRoom(state, room),
  "room.changed": (state, { room_info: room }) => changeRoom(state, room.id, () => room),
  "room.removed": roomRemoved,
  "room.bumped": (state, { room, number }) =>
    changeRoom(state, room, (info) => ({ messages: Math.max(info.messages, number) })),
  "room.read": (state, { room, number }) =>
    changeRoom(state, room, (info) => ({ read: Math.max(info.read ?? 0, number) })),
};

/**
 * Apply a list of the user's rooms. `before` holds the ids of the rooms that the page had when it
 * requested the list: if an event has added or removed a room since then, that change stays.
 * `reset` drops the current rooms, which belong to another epoch.
 */
function roomsLoaded(state, { rooms, before = [], reset = false }) {
  const current = reset ? new Map() : state.rooms;
  const next = new Map(rooms.map((room) => [room.id, mergeRoom(current.get(room.id), room)]));
  const idsBefore = new Set(before);
  for (const [id, room] of current) {
    if (idsBefore.size && !idsBefore.has(id)) next.set(id, room);
  }
  for (const id of idsBefore) if (!reset && !current.has(id)) next.delete(id);
  return { ...state, rooms: next };
}

/**
 * Open a room. Its timeline starts empty if the loaded window doesn't include the latest message,
 * or if the room has unread messages: it then opens at the "New" divider.
 */
function roomOpened(state, { room }) {
  const info = state.rooms.get(room);
  const timelines = new Map(state.timelines);
  const current = timelines.get(room);
  const isUsable = current?.loaded && current.to === Infinity && !(info && unreadOf(info));
  const timeline = isUsable ? current : emptyTimeline(room);
  timelines.delete(room);
  timelines.set(room, { ...timeline, latestVisible: false, dividerAfter: lastReadOf(info) });
  for (const oldest of timelines.keys()) {
    if (timelines.size > MAX_TIMELINES) timelines.delete(oldest);
  }
  return { ...state, open: room, timelines };
}

function latestVisibilityChanged(state, { room, visible }) {
  const info = state.rooms.get(room);
  return inTimeline(state, room, (timeline) => {
    if (timeline.latestVisible === visible) return timeline;
    const next = { ...timeline, latestVisible: visible };
    // The page may report late that the user looked away: messages that arrived just before the
    // report are unread.
    return visible ? next : withDividerAtUnread(next, info);
  });
}

function welcomed(state, frame) {
  const next = { ...state, epoch: frame.epoch, limits: frame.limits ?? {} };
  if (state.epoch === null || state.epoch === frame.epoch) return next;
  // Another epoch has another log, in which messages of the old log may not exist.
  return inEveryTimeline(next, (timeline) => ({
    ...emptyTimeline(timeline.room),
    dividerAfter: timeline.dividerAfter,
  }));
}

function roomRemoved(state, { room }) {
  const rooms = new Map(state.rooms);
  rooms.delete(room);
  const timelines = new Map(state.timelines);
  timelines.delete(room);
  return { ...state, rooms, timelines };
}

function applyLogEvent(state, event) {
  const before = state.timelines.get(event.room);
  const next = inTimeline(state, event.room, withEvent, event);
  const after = next.timelines.get(event.room);
  if (!before || before === after || after.needsSubscribe) return next;
  return placeDivider(
    changeRoom(next, event.room, (info) => changesOf(info, event, state.me)),
    event,
  );
}

function placeDivider(state, { type, room, message }) {
  if (type !== "message.created" || !message) return state;
  return inTimeline(state, room, withDividerOnArrival, message, state.rooms.get(room), state.me);
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

function inEveryTimeline(state, change) {
  let next = state;
  for (const room of state.timelines.keys()) next = inTimeline(next, room, change);
  return next;
}
