/**
 * The open room's timeline: draws the items, keeps the reader's place while it grows at either end,
 * and says when the newest message is before the reader's eyes. Scrolling is in `scroll.js`.
 */

import { html, nothing } from "lit";
import { repeat } from "lit/directives/repeat.js";

import { nameOf, openRoom, openTimeline, unreadOf, unsentOf } from "../store.js";
import { fill, gettext, ngettext } from "../text.js";
import { messagesOf } from "../timeline.js";
import { dayName, dayOf } from "../time.js";
import { itemsOf } from "../view.js";
import { ChatElement } from "./element.js";
import { icon } from "./icons.js";
import { messageView, unsentView } from "./message.js";
import { noticesView } from "./notices.js";
import { Scroll } from "./scroll.js";

class HubTimeline extends ChatElement {
  static properties = {
    editing: { state: true },
    deleting: { state: true },
    tabStop: { state: true },
  };

  constructor() {
    super();
    this.scroll = new Scroll(this);
    this.shown = null;
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
    this.scroll.stop();
  }

  follow() {
    super.follow();
    this.chat?.addEventListener("shown", this.onShown);
  }

  willUpdate(changed) {
    super.willUpdate(changed);
    if (!this.chat) return;
    this.scroll.remember();
    const newest = openTimeline(this.state) && messagesOf(openTimeline(this.state)).at(-1);
    if (!this.querySelector(`[data-id="${this.tabStop}"]`)) this.tabStop = newest?.id;
  }

  view() {
    const timeline = openTimeline(this.state);
    const room = openRoom(this.state);
    return html`
      <div class="timeline-scroll" role="region" aria-label=${gettext("Messages")} tabindex="-1"
        @scroll=${() => this.scrolled()} @keydown=${(event) => this.key(event)}
        @focusin=${(event) => this.focused(event)}>
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
    return html`${timeline.from === 0 ? this.beginning(room) : html`<p class="timeline-more quiet">${gettext("Loading…")}</p>`}
      ${repeat(items, (item) => item.key, (item) => this.item(item))}`;
  }

  item(item) {
    if (item.kind === "message") return messageView(item, this);
    if (item.kind === "unsent") return unsentView(item, this);
    if (item.kind === "notices") return noticesView(item);
    if (item.kind === "new") {
      return html`<div class="timeline-new" role="separator"><span>${gettext("New")}</span></div>`;
    }
    return html`<div class="timeline-day" role="separator"><span>${dayName(item.at, new Date())}</span></div>`;
  }

  beginning(room) {
    const text = room.kind === "direct"
      ? gettext("This is the beginning of your conversation with %(name)s.")
      : gettext("This is the beginning of %(name)s.");
    return html`<div class="timeline-beginning">
      <p dir="auto">${fill(text, { name: nameOf(room) })}</p>
      ${room.topic ? html`<p class="quiet" dir="auto">${room.topic}</p>` : nothing}
    </div>`;
  }

  placeholder(room) {
    if (!room.role) return nothing;
    return html`<div class="timeline-placeholder" aria-hidden="true">
      ${[1, 2, 3, 4, 5].map(() => html`<div><span></span><span></span></div>`)}
    </div>`;
  }

  toNewest(timeline, room) {
    if (this.scroll.following) return nothing;
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
    else this.scroll.restore();
    this.loadMore();
    this.watch();
  }

  /** Begin at the message that was asked for, else at the "new" line, else at the newest. */
  show(timeline) {
    this.shown = timeline.room;
    this.editing = this.deleting = null;
    const seq = this.chat.highlighted;
    const asked = seq && this.querySelector(`[data-seq="${seq}"]`);
    this.scroll.begin(asked ?? null, this.querySelector(".timeline-new"));
    if (asked) this.focusOn(asked);
  }

  scrolled() {
    const was = this.scroll.following;
    this.scroll.scrolled();
    this.loadMore();
    this.watch();
    if (was !== this.scroll.following) this.requestUpdate();
  }

  loadMore() {
    const timeline = openTimeline(this.state);
    if (!timeline?.loaded || this.shown !== timeline.room) return;
    const load = (where) => this.chat.attempt(() => this.chat.loadMore(timeline.room, where));
    if (this.scroll.nearTop) load("before");
    if (this.scroll.nearBottom) load("after");
  }

  /** Whether the end of what is loaded is the newest: only then can it be followed. */
  get reachesNewest() {
    return openTimeline(this.state)?.to === Infinity;
  }

  watch() {
    const isSeen = document.visibilityState === "visible" && this.scroll.following;
    const timeline = openTimeline(this.state);
    if (!timeline?.loaded || this.shown !== timeline.room) return;
    this.chat.watch(isSeen);
    if (isSeen) this.chat.trim();
  }

  async jumpToNewest() {
    await this.chat.attempt(() => this.chat.toNewest());
    this.scroll.toEnd();
    this.requestUpdate();
  }

  // Keys: a message takes the focus, arrows move it.

  key(event) {
    const message = event.target.closest?.(".message");
    if (event.target !== message) return this.leaveByEscape(event);
    const act = {
      ArrowUp: () => this.focusNext(message, -1),
      ArrowDown: () => this.focusNext(message, 1),
      r: () => this.byKey(message, "write", (it) => this.reply(it)),
      e: () => this.byKey(message, "edit", (it) => this.edit(it.id)),
      Delete: () => this.byKey(message, "delete", (it) => this.askDelete(it)),
      Escape: () => this.emit("compose"),
    }[event.key];
    if (!act || event.ctrlKey || event.metaKey || event.altKey) return;
    event.preventDefault();
    act();
  }

  leaveByEscape(event) {
    if (event.key === "Escape" && !event.defaultPrevented) this.emit("compose");
  }

  focusNext(message, step) {
    const all = [...this.querySelectorAll(".message[data-id]")];
    const next = all[all.indexOf(message) + step];
    if (next) this.focusOn(next);
    else if (step > 0) this.emit("compose");
  }

  focused(event) {
    const message = event.target.closest(".message[data-id]");
    if (message) this.tabStop = Number(message.dataset.id);
  }

  focusOn(element) {
    element.tabIndex = 0;
    element.focus({ preventScroll: !isOffScreen(element) });
  }

  byKey(element, right, act) {
    const message = openTimeline(this.state).known.get(Number(element.dataset.id));
    if (message && !message.deleted_at && this.rightsTo(message)[right]) act(message);
  }

  // What a message's buttons do.

  rightsTo(message) {
    const room = openRoom(this.state);
    const isMine = message.sender.id === this.state.me.id;
    const write = Boolean(room?.role) && !room.archived_at;
    const moderates = ["owner", "moderator"].includes(room?.role) || this.state.me.owner;
    return { write, edit: isMine && write, delete: isMine || moderates };
  }

  reply(message) {
    this.emit("compose", { replyTo: message.id });
  }

  async copyLink(message) {
    const copied = await copy(`${location.origin}/rooms/${message.room}/${message.seq}`);
    this.chat.say(copied ? gettext("Link copied.") : gettext("The link could not be copied."));
  }

  edit(id) {
    this.editing = id;
    this.updateComplete.then(() => {
      const field = this.querySelector(".message-editor textarea");
      field?.focus();
      field?.setSelectionRange(field.value.length, field.value.length);
    });
  }

  /** Edit one's newest message: what Up does in an empty composer. */
  editLast() {
    const { me } = this.state;
    const mine = (message) => message.sender.id === me.id && !message.deleted_at;
    const last = messagesOf(openTimeline(this.state)).findLast(mine);
    if (last && this.rightsTo(last).edit) this.edit(last.id);
  }

  editorKey(event, message) {
    if (event.key === "Escape") {
      event.preventDefault();
      this.stopEditing();
    }
    if (event.key !== "Enter" || event.shiftKey || event.isComposing || event.keyCode === 229) return;
    this.saveEdit(event, message);
  }

  async saveEdit(event, message) {
    event.preventDefault();
    const body = this.querySelector(".message-editor textarea").value;
    if (!body.trim()) return this.askDelete(message);
    const saved = await this.chat.attempt(() => this.chat.edit(message, body));
    if (saved) this.stopEditing();
  }

  stopEditing() {
    this.editing = null;
    this.emit("compose");
  }

  askDelete(message) {
    this.editing = null;
    this.deleting = message.id;
    this.updateComplete.then(() => this.querySelector(".message-confirm button")?.focus());
  }

  keep(message) {
    this.deleting = null;
    this.querySelector(`[data-id="${message.id}"]`)?.focus();
  }

  async delete(message) {
    this.keep(message);
    await this.chat.attempt(() => this.chat.delete(message));
  }

  takeBack(entry) {
    this.chat.outbox.remove(entry.nonce);
    this.emit("compose", { body: entry.body, replyTo: entry.reply_to });
  }

  emit(name, detail = {}) {
    this.dispatchEvent(new CustomEvent(name, { detail, bubbles: true }));
  }
}

function isOffScreen(element) {
  const box = element.getBoundingClientRect();
  const view = element.closest(".timeline-scroll").getBoundingClientRect();
  return box.top < view.top || box.bottom > view.bottom;
}

async function copy(text) {
  try {
    await navigator.clipboard.writeText(text);
    return true;
  } catch {
    // Without TLS there is no clipboard: the old way, through a selection.
    const field = document.createElement("textarea");
    field.value = text;
    document.body.append(field);
    field.select();
    const copied = document.execCommand("copy");
    field.remove();
    return copied;
  }
}

customElements.define("hub-timeline", HubTimeline);
