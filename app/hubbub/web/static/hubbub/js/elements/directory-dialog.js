/** All public rooms to look into and join, archived ones to bring back, and a new one to make. */

import { html, nothing } from "lit";
import { repeat } from "lit/directives/repeat.js";

import { fill, gettext, ngettext } from "../text.js";
import { DialogElement, Search, rowButton, searchField, tabs, textField } from "./dialog.js";
import { icon } from "./icons.js";

class HubDirectory extends DialogElement {
  static properties = { rooms: { state: true }, tab: { state: true } };

  constructor() {
    super();
    this.rooms = null;
    this.tab = "open";
    this.search = new Search(
      (q) =>
        this.chat.rest.get("rooms/directory", { q, archived: this.tab === "archived" ? 1 : 0 }),
      (rooms) => (this.rooms = rooms),
    );
  }

  heading() {
    return gettext("Rooms");
  }

  show() {
    this.turnTo("open");
    return super.show();
  }

  turnTo(tab) {
    this.tab = tab;
    this.rooms = null;
    if (tab !== "new") this.find("");
  }

  find(text) {
    return this.attempt(() => this.search.find(text));
  }

  content() {
    const names = {
      open: gettext("All rooms"),
      archived: gettext("Archived"),
      new: gettext("New room"),
    };
    return html`${tabs(names, this.tab, (tab) => this.turnTo(tab))}
    ${this.tab === "new" ? this.form() : this.list()}`;
  }

  list() {
    return html`${searchField(gettext("Find a room"), (text) => this.find(text))}
      <ul class="rows">
        ${repeat(
          this.rooms ?? [],
          (room) => room.id,
          (room) => this.row(room),
        )}
      </ul>
      ${this.rooms?.length === 0 ? this.nothingFound() : nothing}`;
  }

  nothingFound() {
    return html`<p class="quiet">${gettext("There is no such room.")}</p>`;
  }

  row(room) {
    const count = room.members;
    const members = fill(ngettext("%(count)s member", "%(count)s members", count), { count });
    return html`<li class="row">
      <span class="row-icon">${icon(room.kind === "private" ? "lock" : "hash")}</span>
      <span class="row-text"
        ><strong dir="auto">${room.name}</strong>
        <span class="quiet" dir="auto"
          >${members}${room.topic ? ` · ${room.topic}` : ""}</span
        ></span
      >
      ${this.action(room)}
    </li>`;
  }

  action(room) {
    if (this.tab === "archived")
      return rowButton(gettext("Bring back"), room.name, () => this.restore(room));
    if (room.role) return rowButton(gettext("Open"), room.name, () => this.openRoom(room.id));
    return rowButton(gettext("Join"), room.name, () => this.join(room), "");
  }

  form() {
    return html`<form class="stack" @submit=${(event) => this.create(event)}>
      ${textField({ label: gettext("Name"), name: "name", max: 80 })}
      ${textField({ label: gettext("Topic (optional)"), name: "topic", max: 250 })}
      <fieldset class="choices">
        <legend class="label">${gettext("Who can come in")}</legend>
        ${kindChoice("public", gettext("Public"), gettext("Everyone here can find and join it."))}
        ${kindChoice("private", gettext("Private"), gettext("Only people who are invited see it."))}
      </fieldset>
      <button class="button">${gettext("Create the room")}</button>
    </form>`;
  }

  create(event) {
    event.preventDefault();
    const fields = Object.fromEntries(new FormData(event.target));
    return this.attempt(async () => this.openRoom(await this.chat.create(fields)));
  }

  join(room) {
    return this.attempt(async () => {
      await this.chat.join(room.id);
      this.openRoom(room.id);
    });
  }

  restore(room) {
    return this.attempt(async () => {
      await this.chat.restore(room.id);
      this.openRoom(room.id);
    });
  }

  openRoom(room) {
    this.close();
    this.go(room);
  }
}

function kindChoice(kind, label, meaning) {
  return html`<label>
    <input type="radio" name="kind" value=${kind} ?checked=${kind === "public"} />
    <span><strong>${label}</strong> <span class="quiet">${meaning}</span></span>
  </label>`;
}

customElements.define("hub-directory", HubDirectory);
