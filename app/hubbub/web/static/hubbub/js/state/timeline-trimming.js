/**
 * Drops the oldest loaded messages of a timeline, so that a tab that stays open for days uses
 * little memory. The history loader calls this while the user follows the latest messages.
 */

import { messagesInWindow } from "./timeline.js";

// When the window holds MAX_MESSAGES or more, all but the latest KEPT_MESSAGES are dropped.
export const MAX_MESSAGES = 600;
export const KEPT_MESSAGES = 300;

/** The seq of the first message to keep; null if there are not too many messages. */
export function firstKeptSeq(timeline) {
  const messages = messagesInWindow(timeline);
  return messages.length < MAX_MESSAGES ? null : messages.at(-KEPT_MESSAGES).seq;
}

/** Drop the messages and notices before `seq`. */
export function trimmedBefore(timeline, seq) {
  const messages = new Map([...timeline.messages].filter(([, message]) => message.seq >= seq));
  const notices = new Map([...timeline.notices].filter(([noticeSeq]) => noticeSeq >= seq));
  return { ...timeline, messages, notices, from: seq };
}
