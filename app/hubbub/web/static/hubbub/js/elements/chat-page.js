/** The whole page: side, room, people, dialogs, narrow screens' drawers, what is announced. */

import { html, nothing } from "lit";

import { TYPING_MS, openRoom, openTimeline } from "../store.js";
import { fill, gettext, listOf, ngettext } from "../text.js";
import { messagesOf } from "../timeline.js";
import "./banner.js";
import "./composer.js";
import "./direct-dialog.js";
import "./directory-dialog.js";
import { ChatElement } from "./element.js";
import "./head.js";
import { textOf } from "./message.js";
import "./people.js";
import "./rooms.js";
import "./settings-dialog.js";
import "./timeline.js";

const TOAST_MS = 6_000;
const NAMES_TYPING = 3;

class HubChat extends ChatElement {
  static properties = {
    drawer: { state: true },
    toast: { state: true },
    announced: { state: true },
  };

  constructor() {
    super();
    this.drawer = null;
    this.toast = "";
    this.announced = null;
    this.addEventListener("page-drawer", (event) => this.setDrawer(event.detail));
    this.addEventListener("page-dialog", (event) => this.openDialog(event.detail));
    this.addEventListener("compose", (event) => this.composer.compose(event.detail));
    this.addEventListener("edit-last", () => this.timeline.deeds.editLast());
    this.addEventListener("sent", () => this.timeline.scroller.toEnd());
    document.addEventListener("keydown", (event) => this.key(event));
  }

  get composer() {
    return this.querySelector("hub-composer");
  }

  get timeline() {
    return this.querySelector("hub-timeline");
  }

  follow() {
    super.follow();
    this.chat?.addEventListener("said", (event) => this.say(event.detail));
    this.chat?.addEventListener("shown", (event) => this.arrive(event.detail));
    this.chat?.store.listen((state, before) => this.noticeChange(state, before));
  }

  view() {
    const room = openRoom(this.state);
    if (!room) return nothing;
    return html`
      <a class="skip-link" href="#composer" @click=${(event) => this.skip(event)}>
        ${gettext("Skip to writing")}</a
      >
      <hub-rooms
        role="navigation"
        aria-label=${gettext("Rooms")}
        class="chat-side ${this.drawer === "rooms" ? "is-drawn" : ""}"
        .chat=${this.chat}
      ></hub-rooms>
      <main class="chat-main" ?inert=${this.drawer !== null}>
        <hub-head .chat=${this.chat} .drawer=${this.drawer}></hub-head>
        <hub-banner .chat=${this.chat}></hub-banner>
        <hub-timeline class="chat-timeline" .chat=${this.chat}></hub-timeline>
        <div class="chat-typing quiet" aria-live="off">${this.typing()}</div>
        <hub-composer id="composer" .chat=${this.chat}></hub-composer>
      </main>
      <hub-people
        role="complementary"
        aria-label=${gettext("People")}
        class="chat-people ${this.drawer === "people" ? "is-drawn" : ""}"
        .chat=${this.chat}
      ></hub-people>
      ${
        this.drawer
          ? html`<button
              class="chat-scrim"
              tabindex="-1"
              aria-label=${gettext("Close")}
              @click=${() => this.setDrawer(null)}
            ></button>`
          : nothing
      }
      <hub-directory .chat=${this.chat}></hub-directory>
      <hub-direct .chat=${this.chat}></hub-direct>
      <hub-settings .chat=${this.chat}></hub-settings>
      <div class="chat-toast" role="status">
        ${this.toast ? html`<p>${this.toast}</p>` : nothing}
      </div>
      <div class="visually-hidden" aria-live="polite">${this.announcement()}</div>
    `;
  }

  typing() {
    const timeline = openTimeline(this.state);
    const now = Date.now();
    const entries = [...(timeline?.typing.values() ?? [])].filter((it) => now - it.at < TYPING_MS);
    const names = entries.map((entry) => entry.name);
    if (!names.length) return nothing;
    if (names.length > NAMES_TYPING) return gettext("Several people are typing…");
    const text = ngettext("%(names)s is typing…", "%(names)s are typing…", names.length);
    return fill(text, { names: listOf(names) });
  }

  noticeChange(state, before) {
    const [now, was] = [openTimeline(state), openTimeline(before)];
    if (!now || !was || now === was || now.room !== was.room || !was.loaded) return;
    const newest = messagesOf(now).at(-1);
    const isNew = newest && newest.seq > (messagesOf(was).at(-1)?.seq ?? 0) && now.to === was.to;
    if (isNew && newest.sender.id !== state.me.id) this.announced = newest.id;
  }

  /** The newest message for screen readers; drawn from itself, so that a deletion empties it. */
  announcement() {
    const message = openTimeline(this.state)?.known.get(this.announced);
    if (!message || message.deleted_at) return nothing;
    return fill(gettext("%(name)s: %(text)s"), {
      name: message.sender.name,
      text: textOf(message),
    });
  }

  say(text) {
    this.toast = text;
    clearTimeout(this.toastTimer);
    this.toastTimer = setTimeout(() => (this.toast = ""), TOAST_MS);
  }

  arrive({ seq }) {
    this.setDrawer(null);
    if (seq === null && matchMedia("(pointer: fine)").matches) this.composer.compose();
  }

  setDrawer(drawer) {
    const was = this.drawer;
    this.drawer = drawer;
    if (drawer === was) return;
    const goal = drawer
      ? `.chat-side.is-drawn a, .chat-people.is-drawn button`
      : `.chat-open-${was}`;
    this.updateComplete.then(() => this.querySelector(goal)?.focus());
  }

  openDialog(name) {
    this.setDrawer(null);
    this.querySelector(`hub-${name}`).show();
  }

  key(event) {
    if (event.key === "Escape" && this.drawer) this.setDrawer(null);
    if (event.key.toLowerCase() === "k" && (event.ctrlKey || event.metaKey)) {
      event.preventDefault();
      this.openDialog("directory");
    }
  }

  skip(event) {
    event.preventDefault();
    this.composer.compose();
  }
}

customElements.define("hub-chat", HubChat);
