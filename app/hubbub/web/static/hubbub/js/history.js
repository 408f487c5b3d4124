/**
 * Loading what was said: pages over REST into the store, and letting go of them again. Used by the
 * controller, and by the timeline as one scrolls.
 */

import { openTimeline } from "./store.js";
import { messagesOf } from "./timeline.js";

const PAGE_MESSAGES = 50;
const MESSAGES_SHOWN = 600;
const MESSAGES_KEPT = 300;
const RETRY_MS = 2_000;

export class History {
  constructor(rest, store) {
    this.rest = rest;
    this.store = store;
    this.loading = new Set();
  }

  /** Have a room's window loaded: with the message of `seq` in it, or, without one, the newest. */
  async show(room, seq) {
    const timeline = this.store.state.timelines.get(room);
    const isThere =
      seq === null
        ? timeline.to === Infinity
        : messagesOf(timeline).some((message) => message.seq === seq);
    if (!timeline.loaded || !isThere) await this.load(room, { around: seq }, "fresh");
  }

  /** Load what lies before or after the window; the same call twice loads once. */
  async more(room, where) {
    const timeline = this.store.state.timelines.get(room);
    const edge = where === "before" ? timeline.from : timeline.to;
    if (edge === 0 || edge === Infinity || this.loading.has(`${room} ${where}`)) return;
    this.loading.add(`${room} ${where}`);
    try {
      await this.load(room, { [where]: edge }, where);
    } catch {
      // Scrolling asks again and again: not more often than this where nothing answers.
      await new Promise((resolve) => setTimeout(resolve, RETRY_MS));
    }
    this.loading.delete(`${room} ${where}`);
  }

  async load(room, place, where) {
    const query = { ...place, limit: PAGE_MESSAGES };
    const page = await this.rest.get(`rooms/${room}/messages`, query);
    const edge = place[where] ?? null;
    this.store.dispatch({ type: "page.loaded", room, page, where, edge });
  }

  async toNewest() {
    const timeline = openTimeline(this.store.state);
    if (timeline.to !== Infinity) await this.load(timeline.room, {}, "fresh");
  }

  /** Fetch a message that is quoted and was not on any page. */
  async quoted(room, { id, seq }) {
    if (this.loading.has(id)) return;
    this.loading.add(id);
    const query = { around: seq, limit: 1 };
    // Without an answer the quote stays "…", and the page is none the worse.
    const page = await this.rest.get(`rooms/${room}/messages`, query).catch(() => null);
    const message = page?.messages.find((found) => found.id === id);
    if (message) this.store.dispatch({ type: "page.message", room, message });
  }

  /** Let go of old messages while the newest are followed. */
  trim() {
    const timeline = openTimeline(this.store.state);
    const messages = timeline ? messagesOf(timeline) : [];
    if (messages.length < MESSAGES_SHOWN) return;
    const { seq } = messages.at(-MESSAGES_KEPT);
    this.store.dispatch({ type: "page.trimmed", room: timeline.room, seq });
  }
}
