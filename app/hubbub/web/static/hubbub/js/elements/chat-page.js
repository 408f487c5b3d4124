/** The whole page: side, room, people, dialogs, drawers of narrow screens, and what is said aloud. */

import { html, nothing } from "lit";

import { TYPING_MS, nameOf, openRoom, openTimeline } from "../store.js";
import { fill, gettext, listOf, ngettext } from "../text.js";
import { messagesOf } from "../timeline.js";
import "./composer.js";
import "./direct-dialog.js";
import "./directory-dialog.js";
import { ChatElement } from "./element.js";
import { icon } from "./icons.js";
import { textOf } from "./message.js";
import "./people.js";
import "./rooms.js";
import "./settings-dialog.js";
import "./timeline.js";

const TOAST_MS = 6_000;
const BANNER_AFTER_MS = 1_500;
const NAMES_TYPING = 3;

class HubChat extends ChatElement {
  static properties = {
    drawer: { state: true },
    toast: { state: true },
    banner: { state: true },
    announced: { state: true },
  };

  constructor() {
    super();
    this.drawer = null;
    this.toast = "";
    this.announced = null;
    this.banner = null;
    this.addEventListener("page-drawer", (event) => this.setDrawer(event.detail));
    this.addEventListener("page-dialog", (event) => this.openDialog(event.detail));
    this.addEventListener("compose", (event) => this.composer.compose(event.detail));
    this.addEventListener("edit-last", () => this.timeline.editLast());
    this.addEventListener("sent", () => this.timeline.scroll.toEnd());
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
        ${gettext("Skip to writing")}</a>
      <hub-rooms class="chat-side ${this.drawer === "rooms" ? "is-drawn" : ""}" .chat=${this.chat}></hub-rooms>
      <main class="chat-main" ?inert=${this.drawer !== null}>
        ${this.head(room)} ${this.bannerView()}
        <hub-timeline class="chat-timeline" .chat=${this.chat}></hub-timeline>
        <div class="chat-typing quiet" aria-live="off">${this.typing()}</div>
        <hub-composer id="composer" .chat=${this.chat}></hub-composer>
      </main>
      <hub-people class="chat-people ${this.drawer === "people" ? "is-drawn" : ""}" .chat=${this.chat}></hub-people>
      ${this.drawer ? html`<button class="chat-scrim" tabindex="-1" aria-label=${gettext("Close")}
        @click=${() => this.setDrawer(null)}></button>` : nothing}
      <hub-directory .chat=${this.chat}></hub-directory>
      <hub-direct .chat=${this.chat}></hub-direct>
      <hub-settings .chat=${this.chat}></hub-settings>
      <div class="chat-toast" role="status">${this.toast ? html`<p>${this.toast}</p>` : nothing}</div>
      <div class="visually-hidden" aria-live="polite">${this.announcement()}</div>
    `;
  }

  head(room) {
    const isDirect = room.kind === "direct";
    return html`<header class="chat-head">
      <button class="icon-button chat-menu" aria-label=${gettext("Rooms")}
        aria-expanded=${this.drawer === "rooms"} @click=${() => this.setDrawer("rooms")}>${icon("menu")}</button>
      <div class="chat-title">
        <h1 dir="auto">${isDirect ? nothing : icon(room.kind === "private" ? "lock" : "hash")}${nameOf(room)}</h1>
        ${room.topic ? html`<p class="quiet" dir="auto" title=${room.topic}>${room.topic}</p>` : nothing}
      </div>
      ${room.archived_at ? html`<span class="badge badge-warning">${gettext("archived")}</span>` : nothing}
      ${isDirect || !room.role ? nothing : this.settingsButton(room)}
      <button class="icon-button chat-who" aria-label=${gettext("Who is here")}
        aria-expanded=${this.drawer === "people"} @click=${() => this.setDrawer("people")}>${icon("people")}</button>
    </header>`;
  }

  settingsButton(room) {
    const count = room.members;
    const members = fill(ngettext("%(count)s member", "%(count)s members", count), { count });
    return html`<button class="button button-quiet button-small chat-settings"
      aria-label=${`${gettext("Room settings")}, ${members}`} title=${gettext("Room settings")}
      @click=${() => this.openDialog("settings")}>${icon("settings")}<span>${members}</span></button>`;
  }

  bannerView() {
    if (!this.banner) return nothing;
    const [text, label, act] = this.bannerOf(this.banner);
    return html`<div class="chat-banner" role="status"><span>${text}</span>
      ${label ? html`<button class="button button-quiet button-small" @click=${act}>${label}</button>` : nothing}
    </div>`;
  }

  bannerOf(line) {
    const reload = () => location.reload();
    if (line === "elsewhere") {
      const text = gettext("Hubbub is open in too many other windows.");
      return [text, gettext("Use it here"), () => this.chat.live.useHere()];
    }
    if (line === "outdated") {
      return [gettext("This page is out of date."), gettext("Reload"), reload];
    }
    return [gettext("Reconnecting… What you write is sent once you are back.")];
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
    if (state.line !== before.line) this.lineChanged(state.line);
    const [now, was] = [openTimeline(state), openTimeline(before)];
    if (!now || !was || now === was || now.room !== was.room || !was.loaded) return;
    const newest = messagesOf(now).at(-1);
    const isNew = newest && newest.seq > (messagesOf(was).at(-1)?.seq ?? 0) && now.to === was.to;
    if (isNew && newest.sender.id !== state.me.id) this.announced = newest.id;
  }

  /** The newest message for screen readers; drawn from the message, so that a deletion empties it. */
  announcement() {
    const message = openTimeline(this.state)?.known.get(this.announced);
    if (!message || message.deleted_at) return nothing;
    return fill(gettext("%(name)s: %(text)s"), { name: message.sender.name, text: textOf(message) });
  }

  /** A short interruption shows nothing at all. */
  lineChanged(line) {
    clearTimeout(this.bannerTimer);
    if (line === "live") this.banner = null;
    else if (line === "lost" || line === "connecting") {
      this.bannerTimer = setTimeout(() => (this.banner = line), BANNER_AFTER_MS);
    } else this.banner = line;
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
    const goal = drawer ? `.chat-side.is-drawn a, .chat-people.is-drawn button` : OPENERS[was];
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

const OPENERS = { rooms: ".chat-menu", people: ".chat-who" };

customElements.define("hub-chat", HubChat);
