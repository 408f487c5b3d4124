/** Starts a conversation of two with somebody found by a part of their name. */

import { html, nothing } from "lit";
import { repeat } from "lit/directives/repeat.js";

import { gettext } from "../text.js";
import { DialogElement, Search, personRow, rowButton, searchField } from "./dialog.js";

class HubDirect extends DialogElement {
  static properties = { people: { state: true } };

  constructor() {
    super();
    this.people = null;
    this.search = new Search(
      (q) => this.chat.rest.get("people", { q }),
      (people) => (this.people = people),
    );
  }

  heading() {
    return gettext("Start a conversation");
  }

  show() {
    this.find("");
    return super.show();
  }

  find(text) {
    return this.attempt(() => this.search.find(text));
  }

  content() {
    const others = this.people?.filter((person) => person.id !== this.state.me.id);
    return html`${searchField(gettext("Find a person"), (text) => this.find(text))}
      <ul class="rows">
        ${repeat(
          others ?? [],
          (it) => it.id,
          (it) => personRow(it, this.action(it)),
        )}
      </ul>
      ${others?.length === 0 ? this.nobodyFound() : nothing}`;
  }

  nobodyFound() {
    return html`<p class="quiet">${gettext("Nobody is called that.")}</p>`;
  }

  action(person) {
    return rowButton(gettext("Talk"), person.name, () => this.talkTo(person));
  }

  talkTo(person) {
    return this.attempt(async () => {
      const room = await this.chat.talkTo(person.id);
      this.close();
      this.go(room);
    });
  }
}

customElements.define("hub-direct", HubDirect);
