/**
 * The open room's timeline: renders the items, keeps the scroll position while it grows at either
 * end, and reports when the user sees the latest message. Scrolling is in `scroll-position.js`, and
 * what a message's buttons and keys do in `message-actions.js` and `keyboard-shortcuts.js`.
 */

import { html, nothing } from "lit";
import { repeat } from "lit/directives/repeat.js";

import { nameOf, unreadOf } from "../../state/room.js";
import { openRoom, openTimeline, unsentOf } from "../../state/selectors.js";
import { fill, gettext, ngettext } from "../../state/text.js";
import { dayName, dayOf } from "../../state/time.js";
import { itemsOf } from "../../state/timeline-items.js";
import { messagesInWindow } from "../../state/timeline.js";
import { ChatElement } from "../shared/chat-element.js";
import { icon } from "../shared/icons.js";
import { eventNotices } from "./event-notices.js";
import { KeyboardShortcuts } from "./keyboard-shortcuts.js";
import { MessageActions } from "./message-actions.js";
import { sentMessage, unsentMessage } from "./message.js";
import { ScrollPosition } from "./scroll-position.js";

class HubTimeline extends ChatElement {
  // `tabStop` is the id of the one message in the tab order.
  static properties = { tabStop: { state: true } };

  constructor() {
    super();
    this.scrollPosition = new ScrollPosition(this);
    this.actions = new MessageActions(this);
    this.shortcuts = new KeyboardShortcuts(this, this.actions);
    this.shownRoom = null;
    this.isUrgent = false;
    this.onVisibilityChange = () => this.reportVisibility();
    this.onRoomShown = () => {
      this.shownRoom = null;
      this.requestUpdate();
    };
  }

  connectedCallback() {
    super.connectedCallback();
    document.addEventListener("visibilitychange", this.onVisibilityChange);
  }

  disconnectedCallback() {
    super.disconnectedCallback();
    document.removeEventListener("visibilitychange", this.onVisibilityChange);
    this.scrollPosition.stop();
  }

  listenToStore() {
    super.listenToStore();
    this.chat?.addEventListener("room-shown", this.onRoomShown);
  }

  /** Render at most once per frame, because a resume can replay a thousand events together. */
  async scheduleUpdate() {
    if (!this.isUrgent) await new Promise((resolve) => requestAnimationFrame(resolve));
    this.isUrgent = false;
    super.scheduleUpdate();
  }

  /** Immediately render what the user did, before they press the next key. */
  renderNow() {
    this.isUrgent = true;
    this.requestUpdate();
    return this.updateComplete;
  }

  willUpdate(changed) {
    super.willUpdate(changed);
    if (!this.chat) return;
    this.scrollPosition.remember();
    const timeline = openTimeline(this.state);
    const latest = timeline && messagesInWindow(timeline).at(-1);
    if (!this.querySelector(`[data-id="${this.tabStop}"]`)) this.tabStop = latest?.id;
  }

  template() {
    const timeline = openTimeline(this.state);
    const room = openRoom(this.state);
    return html`
      <div
        class="timeline-scroll"
        role="region"
        aria-label=${gettext("Messages")}
        tabindex="-1"
        @scroll=${() => this.scrolled()}
        @keydown=${(event) => this.shortcuts.keyPressed(event)}
        @focusin=${(event) => this.shortcuts.focused(event)}
      >
        <div class="timeline-items">
          ${timeline?.loaded ? this.items(timeline, room) : this.placeholder(room)}
        </div>
      </div>
      ${timeline?.loaded ? this.jumpButton(room) : nothing}
    `;
  }

  items(timeline, room) {
    const { me } = this.state;
    const unsent = unsentOf(this.state, room.id);
    const items = itemsOf(timeline, { me, unsent, lobby: room.lobby, dayOf });
    return html`${timeline.from === 0 ? this.beginning(room) : this.loadingNote()}
    ${repeat(
      items,
      (item) => item.key,
      (item) => this.item(item),
    )}`;
  }

  loadingNote() {
    return html`<p class="timeline-loading muted">${gettext("Loading…")}</p>`;
  }

  item(item) {
    if (item.kind === "message") return sentMessage(item, this.actions);
    if (item.kind === "unsent") return unsentMessage(item, this.actions);
    if (item.kind === "notices") return eventNotices(item);
    const text = item.kind === "new" ? gettext("New") : dayName(item.at, new Date());
    return html`<div class="timeline-${item.kind}" role="separator"><span>${text}</span></div>`;
  }

  beginning(room) {
    const text =
      room.kind === "direct"
        ? gettext("This is the beginning of your direct messages with %(name)s.")
        : gettext("This is the beginning of #%(name)s.");
    return html`<div class="timeline-beginning">
      <p dir="auto">${fill(text, { name: nameOf(room) })}</p>
      ${room.topic ? html`<p class="muted" dir="auto">${room.topic}</p>` : nothing}
    </div>`;
  }

  placeholder(room) {
    if (!room.role) return this.roomPreview(room);
    return html`<div class="timeline-placeholder" aria-hidden="true">
      ${[1, 2, 3, 4, 5].map(() => html`<div><span></span><span></span></div>`)}
    </div>`;
  }

  /** What users see of a public room before they join it. */
  roomPreview({ name, topic, members: count }) {
    const members = ngettext("%(count)s member", "%(count)s members", count);
    return html`<div class="room-preview">
      <span class="row-icon">${icon("hash")}</span>
      <p class="room-preview-name" dir="auto">${name}</p>
      ${topic ? html`<p dir="auto">${topic}</p>` : nothing}
      <p class="muted">${fill(members, { count })}</p>
    </div>`;
  }

  jumpButton(room) {
    if (this.scrollPosition.following) return nothing;
    const count = unreadOf(room);
    const text = ngettext("%(count)s new message", "%(count)s new messages", count);
    const label = fill(text, { count });
    return html`<button class="button jump-to-latest" @click=${() => this.jumpToLatest()}>
      ${icon("down")}<span>${gettext("Jump to latest")}</span>
      ${count ? html`<span class="jump-to-latest-count">${label}</span>` : nothing}
    </button>`;
  }

  updated() {
    if (!this.chat) return;
    const timeline = openTimeline(this.state);
    if (timeline?.loaded && this.shownRoom !== timeline.room) this.show(timeline);
    else this.scrollPosition.restore();
    this.loadMore();
    this.reportVisibility();
  }

  /** Scroll to the requested message, else to the "New" divider, else to the latest message. */
  show(timeline) {
    this.shownRoom = timeline.room;
    this.actions.reset();
    const seq = this.chat.highlightedSeq;
    const requested = seq && this.querySelector(`[data-seq="${seq}"]`);
    // The divider stays when the messages below it have been read, but the timeline no longer
    // scrolls to it.
    const hasUnread = unreadOf(openRoom(this.state)) > 0;
    const divider = hasUnread ? this.querySelector(".timeline-new") : null;
    this.scrollPosition.start(requested ?? null, divider);
    if (requested) this.shortcuts.focusOn(requested);
  }

  scrolled() {
    const before = this.scrollPosition.following;
    this.scrollPosition.scrolled();
    this.loadMore();
    this.reportVisibility();
    if (before !== this.scrollPosition.following) this.requestUpdate();
  }

  loadMore() {
    const timeline = openTimeline(this.state);
    if (!timeline?.loaded || this.shownRoom !== timeline.room) return;
    if (this.scrollPosition.nearTop) this.chat.history.loadMore(timeline.room, "before");
    if (this.scrollPosition.nearBottom) this.chat.history.loadMore(timeline.room, "after");
  }

  /**
   * Whether the loaded window ends with the latest message; only then can the user follow new
   * messages.
   */
  get includesLatest() {
    return openTimeline(this.state)?.to === Infinity;
  }

  reportVisibility() {
    const isVisible = document.visibilityState === "visible" && this.scrollPosition.following;
    const timeline = openTimeline(this.state);
    if (!timeline?.loaded || this.shownRoom !== timeline.room) return;
    this.chat.setLatestVisible(isVisible);
    if (isVisible) this.chat.history.trim();
  }

  async jumpToLatest() {
    await this.chat.attempt(() => this.chat.jumpToLatest());
    this.scrollPosition.scrollToEnd();
    this.requestUpdate();
  }

  emit(name, detail = {}) {
    this.dispatchEvent(new CustomEvent(name, { detail, bubbles: true }));
  }
}

customElements.define("hub-timeline", HubTimeline);
