/**
 * The state of one room's timeline: pure functions from a timeline and an event to the next
 * timeline. Only the store calls them. They use no DOM, no clock and no I/O.
 *
 * `messages` holds every received message, by id, in the state with the highest `rev`. The page
 * shows the window of seqs from `from` to `to`, which was loaded without a gap; `to` is Infinity
 * when the window includes the latest message. Only events and `subscribed` move `position`, as the
 * protocol requires.
 */

import { hasGapBefore, isApplied, movedTo, withGap } from "./gap-detection.js";

export function emptyTimeline(room) {
  return {
    room,
    loaded: false,
    messages: new Map(),
    notices: new Map(),
    from: Infinity,
    to: Infinity,
    position: null,
    // The position once the REST load is done; null when no load is in progress.
    pendingPosition: null,
    needsLoad: false,
    needsSubscribe: false,
    online: null,
    onlineCount: null,
    typing: new Map(),
    // The "New" divider stands above the first message with a higher number.
    dividerAfter: null,
    latestVisible: false,
  };
}

/**
 * Add a page of history: "fresh" replaces the window, "before" and "after" extend it at `edge`.
 * A page that was requested for an edge that the window no longer has is outdated. It is ignored,
 * because it would leave a gap.
 */
export function withPage(timeline, page, where, edge = null) {
  const isOutdated = edge !== null && edge !== (where === "before" ? timeline.from : timeline.to);
  if (isOutdated) return timeline;
  const base = where === "fresh" ? resetTo(timeline, page) : timeline;
  const [from, to] = rangeOf(page);
  return {
    ...base,
    loaded: true,
    messages: merge(base.messages, [...page.quoted, ...page.messages]),
    notices: mergeNotices(base.notices, page.notices),
    from: where === "after" ? base.from : from,
    to: where === "before" ? base.to : to,
  };
}

/** Add a message that arrived outside the log's order: in an `ok` or as a quoted message. */
export function withMessage(timeline, message) {
  return { ...timeline, messages: merge(timeline.messages, [message]) };
}

export function withSubscribed(timeline, frame) {
  const next = {
    ...timeline,
    needsSubscribe: false,
    online: frame.online,
    onlineCount: frame.online_count,
  };
  if (frame.resumed) return { ...next, position: Math.max(frame.seq, timeline.position ?? 0) };
  return { ...next, pendingPosition: frame.seq, needsLoad: true };
}

/** Clear the state that belonged to the lost connection; keep the timeline's position. */
export function withoutConnection(timeline) {
  return { ...onNextConnection(timeline), online: null, onlineCount: null, typing: new Map() };
}

/** Forget a load that belonged to the old connection, because another one has taken over. */
export function onNextConnection(timeline) {
  return { ...timeline, pendingPosition: null, needsLoad: false };
}

/** Apply an event of the room's log. Drop it if it was already applied; note a gap before it. */
export function withEvent(timeline, event) {
  if (isApplied(timeline, event)) return timeline;
  if (hasGapBefore(timeline, event)) return withGap(timeline);
  return { ...movedTo(timeline, event.seq), ...changesOf(timeline, event) };
}

export function withTyping(timeline, user, now) {
  const typing = new Map(timeline.typing).set(user.id, { name: user.name, at: now });
  return { ...timeline, typing };
}

export function withoutTypingBefore(timeline, time) {
  const typing = new Map([...timeline.typing].filter(([, entry]) => entry.at > time));
  return typing.size === timeline.typing.size ? timeline : { ...timeline, typing };
}

export function withPresence(timeline, frame) {
  const replaced = new Set([...frame.left, ...frame.joined.map((user) => user.id)]);
  const online = timeline.online && [
    ...timeline.online.filter((user) => !replaced.has(user.id)),
    ...frame.joined,
  ];
  return { ...timeline, online, onlineCount: frame.online_count };
}

/**
 * The messages of the window, in order. For the same timeline, the same list object is returned.
 */
export function messagesInWindow(timeline) {
  if (!listCache.has(timeline)) {
    const inWindow = (entry) => entry.seq >= timeline.from && entry.seq <= timeline.to;
    const list = [...timeline.messages.values()].filter(inWindow);
    listCache.set(
      timeline,
      list.sort((one, other) => one.seq - other.seq),
    );
  }
  return listCache.get(timeline);
}

const listCache = new WeakMap();

function rangeOf(page) {
  const { messages } = page;
  const from = page.has_before && messages.length ? messages[0].seq : 0;
  const to = page.has_after && messages.length ? messages.at(-1).seq : Infinity;
  return [from, to];
}

/** Prepare for a fresh page: keep only what arrived after the server read that page. */
function resetTo(timeline, page) {
  const isNewer = (seq) => seq > page.seq;
  return {
    ...timeline,
    messages: new Map([...timeline.messages].filter(([, message]) => isNewer(message.rev))),
    notices: new Map([...timeline.notices].filter(([seq]) => isNewer(seq))),
    position: timeline.pendingPosition ?? timeline.position ?? page.seq,
    pendingPosition: null,
    needsLoad: false,
  };
}

function merge(current, messages) {
  const merged = new Map(current);
  for (const message of messages) {
    const previous = merged.get(message.id);
    if (!previous || message.rev > previous.rev) merged.set(message.id, message);
  }
  return merged;
}

function mergeNotices(notices, events) {
  const merged = new Map(notices);
  for (const event of events) merged.set(event.seq, event);
  return merged;
}

function changesOf(timeline, event) {
  if (!event.type.startsWith("message.")) {
    return { notices: mergeNotices(timeline.notices, [event]) };
  }
  if (!event.message) return {};
  const typing = new Map(timeline.typing);
  if (event.type === "message.created") typing.delete(event.actor.id);
  return { messages: merge(timeline.messages, [event.message]), typing };
}
