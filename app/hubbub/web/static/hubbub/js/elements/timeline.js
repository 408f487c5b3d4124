/**
 * The open room's timeline: draws the items, keeps the reader's place while it grows at either end,
 * and says when the newest message is before the reader's eyes. Scrolling is in `scroll.js`,
 * what messages' buttons and keys do in `deeds.js` and `keys.js`.
 */

import { html, nothing } from "lit";
import { repeat } from "lit/directives/repeat.js";

import { nameOf, unreadOf } from "../room.js";
import { openRoom, openTimeline, unsentOf } from "../store.js";
import { fill, gettext, ngettext } from "../text.js";
import { messagesOf } from "../timeline.js";
import { dayName, dayOf } from "../time.js";
import { itemsOf } from "../view.js";
import { ChatElement } from "./element.js";
import { Deeds } from "./deeds.js";
import { icon } from "./icons.js";
import { Keys } from "./keys.js";
import { messageView, unsentView } from "./message.js";
import { noticesView } from "./notices.js";
import { Scroll } from "./scroll.js";

class HubTimeline extends ChatElement {
  static properties = { tabStop: { state: true } };

  constructor() {
    super();
    this.scroller = new Scroll(this);
    this.deeds = new Deeds(this);
    this.keys = new Keys(this, this.deeds);
    this.shown = null;
    this.isUrgent = false;
    this.visible = () => this.watch();
    this.onShown = () => {
      this.shown = null;
      this.requestUpdate();
    };
  }

  connectedCallback() {
    super.connectedCallback();
    document.addEventListener("visibilitychange", this.visible);
  }

  disconnectedCallback() {
    super.disconnectedCallback();
    document.removeEventListener("visibilitychange", this.visible);
    this.scroller.stop();
  }

  follow() {
    super.follow();
    this.chat?.addEventListener("shown", this.onShown);
  }

  /** Draw once a frame, however much came: a resume may bring a thousand events at once. */
  async scheduleUpdate() {
    if (!this.isUrgent) await new Promise((resolve) => requestAnimationFrame(resolve));
    this.isUrgent = false;
    super.scheduleUpdate();
  }

  /** Draw what a person just did before their next key is pressed. */
  drawAtOnce() {
    this.isUrgent = true;
    this.requestUpdate();
    return this.updateComplete;
  }

  willUpdate(changed) {
    super.willUpdate(changed);
    if (!this.chat) return;
    this.scroller.remember();
    const newest = openTimeline(this.state) && messagesOf(openTimeline(this.state)).at(-1);
    if (!this.querySelector(`[data-id="${this.tabStop}"]`)) this.tabStop = newest?.id;
  }

  view() {
    const timeline = openTimeline(this.state);
    const room = openRoom(this.state);
    return html`
      <div
        class="timeline-scroll"
        role="region"
        aria-label=${gettext("Messages")}
        tabindex="-1"
        @scroll=${() => this.scrolled()}
        @keydown=${(event) => this.keys.pressed(event)}
        @focusin=${(event) => this.keys.focused(event)}
      >
        <div class="timeline-items">
          ${timeline?.loaded ? this.items(timeline, room) : this.placeholder(room)}
        </div>
      </div>
      ${timeline?.loaded ? this.toNewest(timeline, room) : nothing}
    `;
  }

  items(timeline, room) {
    const { me } = this.state;
    const unsent = unsentOf(this.state, room.id);
    const items = itemsOf(timeline, { me, unsent, lobby: room.lobby, dayOf });
    return html`${timeline.from === 0 ? this.beginning(room) : this.more()}
    ${repeat(
      items,
      (item) => item.key,
      (item) => this.item(item),
    )}`;
  }

  more() {
    return html`<p class="timeline-more quiet">${gettext("Loading…")}</p>`;
  }

  item(item) {
    if (item.kind === "message") return messageView(item, this.deeds);
    if (item.kind === "unsent") return unsentView(item, this.deeds);
    if (item.kind === "notices") return noticesView(item);
    const text = item.kind === "new" ? gettext("New") : dayName(item.at, new Date());
    return html`<div class="timeline-${item.kind}" role="separator"><span>${text}</span></div>`;
  }

  beginning(room) {
    const text =
      room.kind === "direct"
        ? gettext("This is the beginning of your conversation with %(name)s.")
        : gettext("This is the beginning of %(name)s.");
    return html`<div class="timeline-beginning">
      <p dir="auto">${fill(text, { name: nameOf(room) })}</p>
      ${room.topic ? html`<p class="quiet" dir="auto">${room.topic}</p>` : nothing}
    </div>`;
  }

  placeholder(room) {
    if (!room.role) return this.outside(room);
    return html`<div class="timeline-placeholder" aria-hidden="true">
      ${[1, 2, 3, 4, 5].map(() => html`<div><span></span><span></span></div>`)}
    </div>`;
  }

  outside({ name, topic, members: count }) {
    const members = ngettext("%(count)s member", "%(count)s members", count);
    return html`<div class="timeline-outside">
      <span class="row-icon">${icon("hash")}</span>
      <p class="timeline-outside-name" dir="auto">${name}</p>
      ${topic ? html`<p dir="auto">${topic}</p>` : nothing}
      <p class="quiet">${fill(members, { count })}</p>
    </div>`;
  }

  toNewest(timeline, room) {
    if (this.scroller.following) return nothing;
    const count = unreadOf(room);
    const text = count
      ? fill(ngettext("To the newest (%(count)s)", "To the newest (%(count)s)", count), { count })
      : gettext("To the newest");
    return html`<button class="button timeline-newest" @click=${() => this.jumpToNewest()}>
      ${icon("down")}${text}
    </button>`;
  }

  updated() {
    if (!this.chat) return;
    const timeline = openTimeline(this.state);
    if (timeline?.loaded && this.shown !== timeline.room) this.show(timeline);
    else this.scroller.restore();
    this.loadMore();
    this.watch();
  }

  /** Begin at the message that was asked for, else at the "new" line, else at the newest. */
  show(timeline) {
    this.shown = timeline.room;
    this.deeds.reset();
    const seq = this.chat.highlighted;
    const asked = seq && this.querySelector(`[data-seq="${seq}"]`);
    // The line stays after what is below it was read; then it is no place to begin at.
    const hasNews = unreadOf(openRoom(this.state)) > 0;
    this.scroller.begin(asked ?? null, hasNews ? this.querySelector(".timeline-new") : null);
    if (asked) this.keys.focusOn(asked);
  }

  scrolled() {
    const was = this.scroller.following;
    this.scroller.scrolled();
    this.loadMore();
    this.watch();
    if (was !== this.scroller.following) this.requestUpdate();
  }

  loadMore() {
    const timeline = openTimeline(this.state);
    if (!timeline?.loaded || this.shown !== timeline.room) return;
    if (this.scroller.nearTop) this.chat.history.more(timeline.room, "before");
    if (this.scroller.nearBottom) this.chat.history.more(timeline.room, "after");
  }

  /** Whether the end of what is loaded is the newest: only then can it be followed. */
  get reachesNewest() {
    return openTimeline(this.state)?.to === Infinity;
  }

  watch() {
    const isSeen = document.visibilityState === "visible" && this.scroller.following;
    const timeline = openTimeline(this.state);
    if (!timeline?.loaded || this.shown !== timeline.room) return;
    this.chat.watch(isSeen);
    if (isSeen) this.chat.history.trim();
  }

  async jumpToNewest() {
    await this.chat.attempt(() => this.chat.toNewest());
    this.scroller.toEnd();
    this.requestUpdate();
  }

  emit(name, detail = {}) {
    this.dispatchEvent(new CustomEvent(name, { detail, bubbles: true }));
  }
}

customElements.define("hub-timeline", HubTimeline);
