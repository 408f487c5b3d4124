/** The whole page: sidebar, room, presence list, dialogs, drawers, toasts and announcements. */

import { html, nothing } from "lit";

import { openRoom, openTimeline } from "../state/selectors.js";
import { fill, gettext } from "../state/text.js";
import { messagesInWindow } from "../state/timeline.js";
import "./composer/composer.js";
import "./dialogs/direct-message-dialog.js";
import "./dialogs/room-directory-dialog.js";
import "./dialogs/room-settings-dialog.js";
import "./room/connection-banner.js";
import "./room/presence-list.js";
import "./room/room-header.js";
import "./room/typing-indicator.js";
import { ChatElement } from "./shared/chat-element.js";
import "./sidebar/sidebar.js";
import { textOf } from "./timeline/message.js";
import "./timeline/timeline.js";

const TOAST_MS = 6_000;

class HubChat extends ChatElement {
  static properties = {
    drawer: { state: true },
    toast: { state: true },
    announcedId: { state: true },
  };

  constructor() {
    super();
    this.drawer = null;
    this.toast = "";
    this.announcedId = null;
    this.addEventListener("set-drawer", (event) => this.setDrawer(event.detail));
    this.addEventListener("open-dialog", (event) => this.openDialog(event.detail));
    this.addEventListener("compose", (event) => this.composer.compose(event.detail));
    this.addEventListener("edit-last", () => this.timeline.actions.editLast());
    this.addEventListener("sent", () => this.timeline.scrollPosition.scrollToEnd());
    document.addEventListener("keydown", (event) => this.keyPressed(event));
  }

  get composer() {
    return this.querySelector("hub-composer");
  }

  get timeline() {
    return this.querySelector("hub-timeline");
  }

  listenToStore() {
    super.listenToStore();
    this.chat?.addEventListener("toast", (event) => this.showToast(event.detail));
    this.chat?.addEventListener("room-shown", (event) => this.roomShown(event.detail));
    this.chat?.store.listen((state, before) => this.announceNewMessage(state, before));
  }

  template() {
    const room = openRoom(this.state);
    if (!room) return nothing;
    return html`
      <a class="skip-link" href="#composer" @click=${(event) => this.skipToComposer(event)}>
        ${gettext("Skip to message field")}</a
      >
      <hub-sidebar
        role="navigation"
        aria-label=${gettext("Rooms")}
        class="chat-sidebar ${this.drawer === "sidebar" ? "is-open" : ""}"
        .chat=${this.chat}
      ></hub-sidebar>
      <main class="chat-main" ?inert=${this.drawer !== null}>
        <hub-room-header .chat=${this.chat} .drawer=${this.drawer}></hub-room-header>
        <hub-connection-banner .chat=${this.chat}></hub-connection-banner>
        <hub-timeline class="chat-timeline" .chat=${this.chat}></hub-timeline>
        <hub-typing-indicator
          class="typing-indicator muted"
          aria-live="off"
          .chat=${this.chat}
        ></hub-typing-indicator>
        <hub-composer id="composer" .chat=${this.chat}></hub-composer>
      </main>
      <hub-presence-list
        role="complementary"
        aria-label=${gettext("People viewing this room")}
        class="chat-presence ${this.drawer === "presence" ? "is-open" : ""}"
        .chat=${this.chat}
      ></hub-presence-list>
      ${
        this.drawer
          ? html`<button
              class="drawer-backdrop"
              tabindex="-1"
              aria-label=${gettext("Close")}
              @click=${() => this.setDrawer(null)}
            ></button>`
          : nothing
      }
      <hub-room-directory .chat=${this.chat}></hub-room-directory>
      <hub-direct-message .chat=${this.chat}></hub-direct-message>
      <hub-room-settings .chat=${this.chat}></hub-room-settings>
      <div class="toast" role="status">${this.toast ? html`<p>${this.toast}</p>` : nothing}</div>
      <div class="visually-hidden" aria-live="polite">${this.announcement()}</div>
    `;
  }

  announceNewMessage(state, before) {
    const [now, was] = [openTimeline(state), openTimeline(before)];
    if (!now || !was || now === was || now.room !== was.room || !was.loaded) return;
    const latest = messagesInWindow(now).at(-1);
    const latestBefore = messagesInWindow(was).at(-1)?.seq ?? 0;
    const isNew = latest && latest.seq > latestBefore && now.to === was.to;
    if (isNew && latest.sender.id !== state.me.id) this.announcedId = latest.id;
  }

  /** The newest message, for screen readers. It shows the state, so a deletion removes its text. */
  announcement() {
    const message = openTimeline(this.state)?.messages.get(this.announcedId);
    if (!message || message.deleted_at) return nothing;
    return fill(gettext("%(name)s: %(text)s"), {
      name: message.sender.name,
      text: textOf(message),
    });
  }

  showToast(text) {
    this.toast = text;
    clearTimeout(this.toastTimer);
    this.toastTimer = setTimeout(() => (this.toast = ""), TOAST_MS);
  }

  roomShown({ seq }) {
    this.setDrawer(null);
    if (seq === null && matchMedia("(pointer: fine)").matches) this.composer.compose();
  }

  setDrawer(drawer) {
    const before = this.drawer;
    this.drawer = drawer;
    if (drawer === before) return;
    const focusTarget = drawer
      ? ".chat-sidebar.is-open a, .chat-presence.is-open button"
      : `.drawer-button-${before}`;
    this.updateComplete.then(() => this.querySelector(focusTarget)?.focus());
  }

  openDialog(name) {
    this.setDrawer(null);
    this.querySelector(`hub-${name}`).show();
  }

  keyPressed(event) {
    if (event.key === "Escape" && this.drawer) this.setDrawer(null);
    if (event.key.toLowerCase() === "k" && (event.ctrlKey || event.metaKey)) {
      event.preventDefault();
      this.openDialog("room-directory");
    }
  }

  skipToComposer(event) {
    event.preventDefault();
    this.composer.compose();
  }
}

customElements.define("hub-chat", HubChat);
