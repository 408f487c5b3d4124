/** The page as one element: sidebar, room, presence list, dialogs, drawers and toasts. */

import { html, nothing } from "lit";

import { openRoom } from "../state/selectors.js";
import { gettext } from "../state/text.js";
import "./composer/composer.js";
import "./dialogs/direct-message-dialog.js";
import "./dialogs/room-directory-dialog.js";
import "./dialogs/room-settings-dialog.js";
import "./room/connection-banner.js";
import "./room/presence-list.js";
import "./room/room-header.js";
import "./room/typing-indicator.js";
import "./screen-reader-announcements.js";
import { ChatElement } from "./shared/chat-element.js";
import "./sidebar/sidebar.js";
import "./timeline/timeline.js";

const TOAST_MS = 6_000;

class HubChat extends ChatElement {
  static properties = { drawer: { state: true }, toast: { state: true } };

  constructor() {
    super();
    this.drawer = null;
    this.toast = "";
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
      <hub-screen-reader-announcements
        class="visually-hidden"
        aria-live="polite"
        .chat=${this.chat}
      ></hub-screen-reader-announcements>
    `;
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
