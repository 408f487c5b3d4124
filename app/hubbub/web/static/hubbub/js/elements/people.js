/** Who has the open room open now, on whichever replica. */

import { html, nothing } from "lit";
import { repeat } from "lit/directives/repeat.js";

import { openRoom, openTimeline } from "../store.js";
import { fill, gettext, ngettext } from "../text.js";
import { avatar } from "./avatar.js";
import { ChatElement } from "./element.js";
import { icon } from "./icons.js";

class HubPeople extends ChatElement {
  view() {
    if (!openRoom(this.state)?.role) return nothing;
    const timeline = openTimeline(this.state);
    const count = timeline?.onlineCount ?? null;
    return html`
      <div class="people-head">
        <h2 id="people-title">${gettext("Here now")}</h2>
        ${count === null ? nothing : html`<span class="badge">${count}</span>`}
        <button
          class="icon-button people-close"
          aria-label=${gettext("Close the list of people")}
          @click=${() => this.ask("drawer", null)}
        >
          ${icon("close")}
        </button>
      </div>
      ${this.list(timeline, count)}
    `;
  }

  list(timeline, count) {
    if (count === null)
      return html`<p class="quiet people-note">${gettext("Not known just now.")}</p>`;
    if (!timeline.online) {
      const text = ngettext("%(count)s person is here.", "%(count)s people are here.", count);
      return html`<p class="quiet people-note">${fill(text, { count })}</p>`;
    }
    const people = [...timeline.online].sort((one, other) => one.name.localeCompare(other.name));
    return html`<ul class="people-list" aria-labelledby="people-title">
      ${repeat(
        people,
        (person) => person.id,
        (person) => this.person(person),
      )}
    </ul>`;
  }

  person(person) {
    const content = html`<span class="people-avatar">${avatar(person, "small")}</span>
      <span class="side-name" dir="auto">${person.name}</span>`;
    if (person.id === this.state.me.id) {
      return html`<li class="people-person">
        ${content}<span class="quiet">${gettext("you")}</span>
      </li>`;
    }
    return html`<li>
      <button
        class="people-person"
        title=${gettext("Start a conversation")}
        @click=${() => this.talkTo(person)}
      >
        ${content}
      </button>
    </li>`;
  }

  talkTo(person) {
    this.ask("drawer", null);
    this.chat.attempt(async () => this.go(await this.chat.talkTo(person.id)));
  }
}

customElements.define("hub-people", HubPeople);
