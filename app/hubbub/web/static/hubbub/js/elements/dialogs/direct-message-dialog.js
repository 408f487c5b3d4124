/** Finds a user by name and opens the direct message with them. */

import { html, nothing } from "lit";
import { repeat } from "lit/directives/repeat.js";

import { gettext } from "../../state/text.js";
import { emptyNote, rowButton, searchField, userRow } from "./dialog-parts.js";
import { DialogElement } from "./dialog.js";
import { LatestSearch } from "./latest-search.js";

class HubDirectMessage extends DialogElement {
  static properties = { users: { state: true } };

  constructor() {
    super();
    this.users = null;
    this.search = new LatestSearch(
      (q) => this.chat.rest.get("people", { q }),
      (users) => (this.users = users),
    );
  }

  heading() {
    return gettext("New message");
  }

  show() {
    this.find("");
    return super.show();
  }

  find(text) {
    return this.attempt(() => this.search.find(text));
  }

  content() {
    const others = this.users?.filter((user) => user.id !== this.state.me.id);
    return html`${searchField(gettext("Find a person"), (text) => this.find(text))}
      <ul class="rows">
        ${repeat(
          others ?? [],
          (user) => user.id,
          (user) => userRow(user, this.messageButton(user)),
        )}
      </ul>
      ${others?.length === 0 ? emptyNote(gettext("No people found")) : nothing}`;
  }

  messageButton(user) {
    return rowButton(gettext("Message"), user.name, () => this.openDirectMessage(user));
  }

  openDirectMessage(user) {
    return this.attempt(async () => {
      const room = await this.chat.directMessage(user.id);
      this.close();
      this.navigate(room);
    });
  }
}

customElements.define("hub-direct-message", HubDirectMessage);
