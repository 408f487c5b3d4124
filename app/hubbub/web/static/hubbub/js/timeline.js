/**
 * One room's timeline as the page knows it: pure functions from a timeline and an event to the next
 * timeline. Called by the store alone; no DOM, no clock, no I/O.
 *
 * `known` holds every message seen, by id, each in the state with the highest `rev`; what is shown
 * is the window `from`…`to` of seqs that was loaded without a gap (`to` is Infinity when it
 * reaches the newest). Only events and `subscribed` move `position`, as the protocol says.
 */

export function emptyTimeline(room) {
  return {
    room,
    loaded: false,
    known: new Map(),
    notices: new Map(),
    from: Infinity,
    to: Infinity,
    position: null,
    // The position once the REST load is done; null where none is under way.
    arriving: null,
    needsLoad: false,
    needsSubscribe: false,
    online: null,
    onlineCount: null,
    typing: new Map(),
    newAfter: null,
    watched: false,
  };
}

/**
 * Take a page of history: "fresh" replaces the window, "before" and "after" extend it from `edge`.
 * A page that was asked for at another edge than the window has now would leave a hole: it is late.
 */
export function withPage(timeline, page, where, edge = null) {
  const isLate = edge !== null && edge !== (where === "before" ? timeline.from : timeline.to);
  if (isLate) return timeline;
  const base = where === "fresh" ? keepArrived(timeline, page) : timeline;
  const [from, to] = rangeOf(page);
  return {
    ...base,
    loaded: true,
    known: merge(base.known, [...page.quoted, ...page.messages]),
    notices: mergeNotices(base.notices, page.notices),
    from: where === "after" ? base.from : from,
    to: where === "before" ? base.to : to,
  };
}

/** Take a message that came outside the log's order: an `ok`, a quote that was asked for. */
export function withMessage(timeline, message) {
  return { ...timeline, known: merge(timeline.known, [message]) };
}

export function withSubscribed(timeline, frame) {
  const next = {
    ...timeline,
    needsSubscribe: false,
    online: frame.online,
    onlineCount: frame.online_count,
  };
  if (frame.resumed) return { ...next, position: Math.max(frame.seq, timeline.position ?? 0) };
  return { ...next, arriving: frame.seq, needsLoad: true };
}

/** Forget what belonged to the lost socket; the position stays. */
export function withoutSocket(timeline) {
  return { ...onNextSocket(timeline), online: null, onlineCount: null, typing: new Map() };
}

/** Go on where another socket takes over at once: a load for the old one counts no more. */
export function onNextSocket(timeline) {
  return { ...timeline, arriving: null, needsLoad: false };
}

/** Apply an event of the room's log. What was seen is dropped; a hole asks to subscribe again. */
export function withEvent(timeline, event) {
  const last = timeline.arriving ?? timeline.position;
  if (last === null || event.seq <= last) return timeline;
  if (event.seq > last + 1) return { ...timeline, needsSubscribe: true };
  const moved = timeline.arriving === null ? { position: event.seq } : { arriving: event.seq };
  return { ...timeline, ...moved, ...changeBy(timeline, event) };
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
  const left = new Set([...frame.left, ...frame.joined.map((user) => user.id)]);
  const online = timeline.online && [
    ...timeline.online.filter((user) => !left.has(user.id)),
    ...frame.joined,
  ];
  return { ...timeline, online, onlineCount: frame.online_count };
}

/** Let go of what lies before `seq`, so that a page open for days stays light. */
export function trimmedTo(timeline, seq) {
  const known = new Map([...timeline.known].filter(([, message]) => message.seq >= seq));
  const notices = new Map([...timeline.notices].filter(([at]) => at >= seq));
  return { ...timeline, known, notices, from: seq };
}

/** The messages of the window, in order. The same list for the same timeline. */
export function messagesOf(timeline) {
  if (!listed.has(timeline)) {
    const inWindow = (entry) => entry.seq >= timeline.from && entry.seq <= timeline.to;
    const list = [...timeline.known.values()].filter(inWindow);
    listed.set(
      timeline,
      list.sort((one, other) => one.seq - other.seq),
    );
  }
  return listed.get(timeline);
}

const listed = new WeakMap();

function rangeOf(page) {
  const { messages } = page;
  const from = page.has_before && messages.length ? messages[0].seq : 0;
  const to = page.has_after && messages.length ? messages.at(-1).seq : Infinity;
  return [from, to];
}

/** Before a fresh page: only what came after the page was read is newer than it. */
function keepArrived(timeline, page) {
  const recent = (seq) => seq > page.seq;
  return {
    ...timeline,
    known: new Map([...timeline.known].filter(([, message]) => recent(message.rev))),
    notices: new Map([...timeline.notices].filter(([seq]) => recent(seq))),
    position: timeline.arriving ?? timeline.position ?? page.seq,
    arriving: null,
    needsLoad: false,
  };
}

function merge(known, messages) {
  const merged = new Map(known);
  for (const message of messages) {
    const held = merged.get(message.id);
    if (!held || message.rev > held.rev) merged.set(message.id, message);
  }
  return merged;
}

function mergeNotices(notices, events) {
  const merged = new Map(notices);
  for (const event of events) merged.set(event.seq, event);
  return merged;
}

function changeBy(timeline, event) {
  if (!event.type.startsWith("message.")) {
    return { notices: mergeNotices(timeline.notices, [event]) };
  }
  if (!event.message) return {};
  const typing = new Map(timeline.typing);
  if (event.type === "message.created") typing.delete(event.actor.id);
  return { known: merge(timeline.known, [event.message]), typing };
}
