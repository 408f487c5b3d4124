/** A banner that says why the page isn't connected, and what the user can do about it. */

import { html, nothing } from "lit";

import { gettext } from "../../state/text.js";
import { ChatElement } from "../shared/chat-element.js";

// The banner doesn't appear during interruptions that are shorter than this.
const DELAY_MS = 1_500;

class HubConnectionBanner extends ChatElement {
  static properties = { connection: { state: true } };

  listenToStore() {
    this.stopListening?.();
    this.stopListening = this.chat?.store.listen((state, before) => {
      if (state.connection !== before.connection) this.changed(state.connection);
    });
    if (this.chat) this.changed(this.state.connection);
  }

  changed(connection) {
    clearTimeout(this.timer);
    const isReconnecting = connection === "lost" || connection === "connecting";
    if (isReconnecting) this.timer = setTimeout(() => (this.connection = connection), DELAY_MS);
    else this.connection = connection;
  }

  template() {
    const template = {
      connecting: () => this.banner(this.reconnectingText()),
      lost: () => this.banner(this.reconnectingText()),
      replaced: () =>
        this.banner(gettext("Hubbub is open in too many other windows."), this.reconnectButton()),
      outdated: () => this.banner(gettext("This page is out of date."), this.reloadButton()),
    }[this.connection];
    return template ? template() : nothing;
  }

  banner(text, button = nothing) {
    return html`<div class="connection-banner" role="status"><span>${text}</span>${button}</div>`;
  }

  reconnectingText() {
    return gettext("Reconnecting… Your messages will send when you're back online.");
  }

  reconnectButton() {
    return this.button(gettext("Use Hubbub here"), () => this.chat.liveUpdates.reconnectHere());
  }

  reloadButton() {
    return this.button(gettext("Reload"), () => location.reload());
  }

  button(label, onClick) {
    return html`<button class="button button-secondary button-small" @click=${onClick}>
      ${label}
    </button>`;
  }
}

customElements.define("hub-connection-banner", HubConnectionBanner);
