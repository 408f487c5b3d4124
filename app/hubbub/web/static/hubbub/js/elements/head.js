/** The open room's name and topic, and the ways to its settings and to the drawers. */

import { html, nothing } from "lit";

import { nameOf } from "../room.js";
import { openRoom } from "../store.js";
import { fill, gettext, ngettext } from "../text.js";
import { ChatElement } from "./element.js";
import { icon } from "./icons.js";

class HubHead extends ChatElement {
  static properties = { drawer: { attribute: false } };

  view() {
    const room = openRoom(this.state);
    const isDirect = room.kind === "direct";
    return html`<header class="chat-head">
      ${this.drawerButton("rooms", "menu", gettext("Rooms"))}
      <div class="chat-title">
        <h1 dir="auto">
          ${isDirect ? nothing : icon(room.kind === "private" ? "lock" : "hash")}${nameOf(room)}
        </h1>
        ${room.topic ? this.topic(room.topic) : nothing}
      </div>
      ${room.archived_at ? this.archived() : nothing}
      ${isDirect || !room.role ? nothing : this.settings(room)}
      ${this.drawerButton("people", "people", gettext("Who is here"))}
    </header>`;
  }

  topic(topic) {
    return html`<p class="quiet" dir="auto" title=${topic}>${topic}</p>`;
  }

  archived() {
    return html`<span class="badge badge-warning">${gettext("archived")}</span>`;
  }

  drawerButton(drawer, shape, label) {
    return html`<button
      class="icon-button chat-open-${drawer}"
      aria-label=${label}
      aria-expanded=${this.drawer === drawer}
      @click=${() => this.ask("drawer", drawer)}
    >
      ${icon(shape)}
    </button>`;
  }

  settings({ members: count }) {
    const members = fill(ngettext("%(count)s member", "%(count)s members", count), { count });
    return html`<button
      class="button button-quiet button-small chat-settings"
      aria-label=${`${gettext("Room settings")}, ${members}`}
      title=${gettext("Room settings")}
      @click=${() => this.ask("dialog", "settings")}
    >
      ${icon("settings")}<span>${members}</span>
    </button>`;
  }
}

customElements.define("hub-head", HubHead);
