/**
 * Decides where an event stands in the room's log: whether the page has already applied it, applies
 * it next, or misses events before it. After a gap the page subscribes to the room again, from its
 * position.
 */

/** Whether the page has the event already, or cannot tell because it isn't subscribed. */
export function isApplied(timeline, event) {
  const last = lastSeq(timeline);
  return last === null || event.seq <= last;
}

/** Whether events are missing between what the page has applied and this event. */
export function hasGapBefore(timeline, event) {
  return event.seq > lastSeq(timeline) + 1;
}

/** Note that events are missing, so that the page subscribes to the room again. */
export function withGap(timeline) {
  return { ...timeline, needsSubscribe: true };
}

/**
 * Move the position to an applied event. During a REST load, move the position that applies after
 * the load.
 */
export function movedTo(timeline, seq) {
  const isLoading = timeline.pendingPosition !== null;
  return { ...timeline, ...(isLoading ? { pendingPosition: seq } : { position: seq }) };
}

function lastSeq(timeline) {
  return timeline.pendingPosition ?? timeline.position;
}
