/**
 * Loads a room's history over REST into the store, page by page, and drops old messages again. The
 * controller uses it, and so does the timeline while the user scrolls.
 */

import { openTimeline } from "../state/selectors.js";
import { firstKeptSeq } from "../state/timeline-trimming.js";
import { messagesInWindow } from "../state/timeline.js";

const PAGE_MESSAGES = 50;
const RETRY_MS = 2_000;

export class HistoryLoader {
  constructor(rest, store) {
    this.rest = rest;
    this.store = store;
    this.loading = new Set();
  }

  /**
   * Load a room's window around the message of `seq`, or with its latest messages if `seq` is null.
   */
  async show(room, seq) {
    const timeline = this.store.state.timelines.get(room);
    const isInWindow =
      seq === null
        ? timeline.to === Infinity
        : messagesInWindow(timeline).some((message) => message.seq === seq);
    if (!timeline.loaded || !isInWindow) await this.load(room, { around: seq }, "fresh");
  }

  /** Load the page before or after the window; a second call before it is loaded does nothing. */
  async loadMore(room, where) {
    const timeline = this.store.state.timelines.get(room);
    const edge = where === "before" ? timeline.from : timeline.to;
    if (edge === 0 || edge === Infinity || this.loading.has(`${room} ${where}`)) return;
    this.loading.add(`${room} ${where}`);
    try {
      await this.load(room, { [where]: edge }, where);
    } catch {
      // Scrolling calls this repeatedly. If the server doesn't answer, wait before the next
      // attempt.
      await new Promise((resolve) => setTimeout(resolve, RETRY_MS));
    }
    this.loading.delete(`${room} ${where}`);
  }

  async load(room, bounds, where) {
    const query = { ...bounds, limit: PAGE_MESSAGES };
    const page = await this.rest.get(`rooms/${room}/messages`, query);
    const edge = bounds[where] ?? null;
    this.store.dispatch({ type: "page.messages_loaded", room, page, where, edge });
  }

  async loadLatest() {
    const timeline = openTimeline(this.store.state);
    if (timeline.to !== Infinity) await this.load(timeline.room, {}, "fresh");
  }

  /** Load a quoted message that no page contained. */
  async loadQuoted(room, { id, seq }) {
    if (this.loading.has(id)) return;
    this.loading.add(id);
    const query = { around: seq, limit: 1 };
    // If there is no answer, the quote keeps showing "…".
    const page = await this.rest.get(`rooms/${room}/messages`, query).catch(() => null);
    const message = page?.messages.find((each) => each.id === id);
    if (message) this.store.dispatch({ type: "page.message_loaded", room, message });
  }

  /** Drop old messages while the user follows the latest ones. */
  trim() {
    const timeline = openTimeline(this.store.state);
    const seq = timeline && firstKeptSeq(timeline);
    if (seq !== null) {
      this.store.dispatch({ type: "page.messages_trimmed", room: timeline.room, seq });
    }
  }
}
