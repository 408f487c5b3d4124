/** Says quietly that the page is not connected, and what one can do about it. */

import { html, nothing } from "lit";

import { gettext } from "../text.js";
import { ChatElement } from "./element.js";

// A short interruption shows nothing at all.
const AFTER_MS = 1_500;

class HubBanner extends ChatElement {
  static properties = { line: { state: true } };

  follow() {
    this.unlisten?.();
    this.unlisten = this.chat?.store.listen((state, before) => {
      if (state.line !== before.line) this.changed(state.line);
    });
    if (this.chat) this.changed(this.state.line);
  }

  changed(line) {
    clearTimeout(this.timer);
    const isPassing = line === "lost" || line === "connecting";
    if (isPassing) this.timer = setTimeout(() => (this.line = line), AFTER_MS);
    else this.line = line;
  }

  view() {
    const view = {
      connecting: () => this.message(this.reconnecting()),
      lost: () => this.message(this.reconnecting()),
      elsewhere: () =>
        this.message(gettext("Hubbub is open in too many other windows."), this.use()),
      outdated: () => this.message(gettext("This page is out of date."), this.reload()),
    }[this.line];
    return view ? view() : nothing;
  }

  message(text, button = nothing) {
    return html`<div class="chat-banner" role="status"><span>${text}</span>${button}</div>`;
  }

  reconnecting() {
    return gettext("Reconnecting… What you write is sent once you are back.");
  }

  use() {
    return this.button(gettext("Use it here"), () => this.chat.live.useHere());
  }

  reload() {
    return this.button(gettext("Reload"), () => location.reload());
  }

  button(label, act) {
    return html`<button class="button button-quiet button-small" @click=${act}>${label}</button>`;
  }
}

customElements.define("hub-banner", HubBanner);
