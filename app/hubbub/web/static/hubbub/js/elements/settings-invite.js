/** Inviting people into the open room, found by a part of their name. */

import { html, nothing } from "lit";
import { repeat } from "lit/directives/repeat.js";

import { openRoom } from "../store.js";
import { gettext } from "../text.js";
import { Search, personRow, rowButton, searchField } from "./dialog.js";
import { ChatElement } from "./element.js";

class HubRoomInvite extends ChatElement {
  static properties = { dialog: { attribute: false }, found: { state: true } };

  constructor() {
    super();
    this.found = [];
    this.search = new Search(
      (q) => this.look(q),
      (found) => (this.found = found),
    );
  }

  get members() {
    return `rooms/${openRoom(this.state).id}/members`;
  }

  /** Return people of the name, each with whether they are in the room already. */
  async look(q) {
    if (!q) return [];
    const [people, members] = await Promise.all([
      this.chat.rest.get("people", { q }),
      this.chat.rest.get(this.members, { q }),
    ]);
    const here = new Set(members.map((member) => member.id));
    return people.map((person) => ({ ...person, isHere: here.has(person.id) }));
  }

  view() {
    const find = (text) => this.dialog.attempt(() => this.search.find(text));
    return html`${searchField(gettext("Find a person"), find)}
      <ul class="rows">
        ${repeat(
          this.found,
          (person) => person.id,
          (person) => personRow(person, this.action(person)),
        )}
      </ul>
      ${this.found.length ? nothing : this.hint()}`;
  }

  hint() {
    return html`<p class="quiet">${gettext("Type a part of a name.")}</p>`;
  }

  action(person) {
    if (person.isHere) return html`<span class="quiet">${gettext("is here already")}</span>`;
    return rowButton(gettext("Invite"), person.name, () => this.invite(person), "");
  }

  invite(person) {
    return this.dialog.attempt(async () => {
      await this.chat.rest.post(this.members, { user: person.id });
      const isThem = (each) => each.id === person.id;
      this.found = this.found.map((each) => (isThem(each) ? { ...each, isHere: true } : each));
    });
  }
}

customElements.define("hub-room-invite", HubRoomInvite);
