/** Lists the users who are viewing the open room now, on any replica. */

import { html, nothing } from "lit";
import { repeat } from "lit/directives/repeat.js";

import { openRoom, openTimeline } from "../../state/selectors.js";
import { fill, formatted, gettext, ngettext } from "../../state/text.js";
import { avatar } from "../shared/avatar.js";
import { ChatElement } from "../shared/chat-element.js";
import { icon } from "../shared/icons.js";

class HubPresenceList extends ChatElement {
  template() {
    if (!openRoom(this.state)?.role) return nothing;
    const timeline = openTimeline(this.state);
    const count = timeline?.onlineCount ?? null;
    return html`
      <div class="presence-header">
        <h2 id="presence-title">${gettext("Viewing this room")}</h2>
        ${count === null ? nothing : html`<span class="badge">${formatted(count)}</span>`}
        <button
          class="icon-button presence-close"
          aria-label=${gettext("Close the list of people")}
          @click=${() => this.setDrawer(null)}
        >
          ${icon("close")}
        </button>
      </div>
      ${this.list(timeline, count)}
    `;
  }

  list(timeline, count) {
    if (count === null) return this.note(gettext("Unavailable while offline"));
    // When many people have the room open, the server sends only their number.
    if (!timeline.online) {
      const text = ngettext("%(count)s person is here", "%(count)s people are here", count);
      return this.note(fill(text, { count }));
    }
    const users = [...timeline.online].sort((one, other) => one.name.localeCompare(other.name));
    return html`<ul class="presence-list" aria-labelledby="presence-title">
      ${repeat(
        users,
        (user) => user.id,
        (user) => this.row(user),
      )}
    </ul>`;
  }

  note(text) {
    return html`<p class="muted presence-note">${text}</p>`;
  }

  row(user) {
    const content = html`<span class="presence-avatar">${avatar(user, "small")}</span>
      <span class="sidebar-name" dir="auto">${user.name}</span>`;
    if (user.id === this.state.me.id) {
      return html`<li class="presence-user">
        ${content}<span class="muted">${gettext("you")}</span>
      </li>`;
    }
    const label = fill(gettext("Message %(name)s"), { name: user.name });
    return html`<li>
      <button class="presence-user" title=${label} @click=${() => this.directMessage(user)}>
        ${content}
      </button>
    </li>`;
  }

  directMessage(user) {
    this.setDrawer(null);
    this.chat.attempt(async () => this.navigate(await this.chat.directMessage(user.id)));
  }
}

customElements.define("hub-presence-list", HubPresenceList);
