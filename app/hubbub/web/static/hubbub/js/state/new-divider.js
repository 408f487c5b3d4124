/**
 * Decides where the "New" divider stands in a timeline. A timeline's `dividerAfter` is the number
 * of the last message above the divider, or null if there is no divider. Pure: the store calls
 * these functions when the user opens a room, looks away or gets a message, and `timeline-items.js`
 * shows the divider.
 */

import { unreadOf } from "./room.js";

/** The number of the last message that the user has read; null if nothing is unread. */
export function lastReadOf(info) {
  return info && unreadOf(info) ? info.read : null;
}

/** Move the divider to the first unread message. If nothing is unread, it stays where it is. */
export function withDividerAtUnread(timeline, info) {
  const dividerAfter = lastReadOf(info);
  const isMoved = dividerAfter !== null && dividerAfter !== timeline.dividerAfter;
  return isMoved ? { ...timeline, dividerAfter } : timeline;
}

/**
 * Put the divider above the first message that arrives while the user looks elsewhere. The user's
 * own message removes the divider.
 */
export function withDividerOnArrival(timeline, message, info, me) {
  if (message.sender.id === me.id) return { ...timeline, dividerAfter: null };
  return timeline.latestVisible ? timeline : withDividerAtUnread(timeline, info);
}

/**
 * Whether the divider stands above this message. The message before it must be loaded, because
 * otherwise the first unread message may be further up.
 */
export function needsDivider(message, timeline, me) {
  return message.number === timeline.dividerAfter + 1 && message.sender.id !== me.id;
}
