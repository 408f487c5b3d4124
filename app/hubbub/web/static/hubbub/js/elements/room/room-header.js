/** The open room's name and topic, with buttons for its settings and for the drawers. */

import { html, nothing } from "lit";

import { nameOf } from "../../state/room.js";
import { openRoom } from "../../state/selectors.js";
import { fill, gettext, ngettext } from "../../state/text.js";
import { ChatElement } from "../shared/chat-element.js";
import { icon } from "../shared/icons.js";

class HubRoomHeader extends ChatElement {
  static properties = { drawer: { attribute: false } };

  template() {
    const room = openRoom(this.state);
    const isDirect = room.kind === "direct";
    return html`<header class="room-header">
      ${this.drawerButton("sidebar", "menu", gettext("Rooms"))}
      <div class="room-title">
        <h1 dir="auto">
          ${isDirect ? nothing : icon(room.kind === "private" ? "lock" : "hash")}${nameOf(room)}
        </h1>
        ${room.topic ? this.topic(room.topic) : nothing}
      </div>
      ${room.archived_at ? this.archivedBadge() : nothing}
      ${isDirect || !room.role ? nothing : this.settingsButton(room)}
      ${this.drawerButton("presence", "people", gettext("People viewing this room"))}
    </header>`;
  }

  topic(topic) {
    return html`<p class="muted" dir="auto" title=${topic}>${topic}</p>`;
  }

  archivedBadge() {
    return html`<span class="badge badge-warning">${gettext("archived")}</span>`;
  }

  drawerButton(drawer, shape, label) {
    return html`<button
      class="icon-button drawer-button-${drawer}"
      aria-label=${label}
      aria-expanded=${this.drawer === drawer}
      @click=${() => this.setDrawer(drawer)}
    >
      ${icon(shape)}
    </button>`;
  }

  settingsButton({ members: count }) {
    const members = fill(ngettext("%(count)s member", "%(count)s members", count), { count });
    return html`<button
      class="button button-secondary button-small room-settings-button"
      aria-label=${`${gettext("Room settings")}, ${members}`}
      title=${gettext("Room settings")}
      @click=${() => this.openDialog("room-settings")}
    >
      ${icon("settings")}<span>${members}</span>
    </button>`;
  }
}

customElements.define("hub-room-header", HubRoomHeader);
