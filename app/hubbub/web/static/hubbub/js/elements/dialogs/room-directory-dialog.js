/** Lists public rooms to join and archived rooms to restore, and creates new rooms. */

import { html, nothing } from "lit";
import { repeat } from "lit/directives/repeat.js";

import { fill, gettext, ngettext } from "../../state/text.js";
import { icon } from "../shared/icons.js";
import { emptyNote, rowButton, searchField, tabs, textField } from "./dialog-parts.js";
import { DialogElement } from "./dialog.js";
import { LatestSearch } from "./latest-search.js";

class HubRoomDirectory extends DialogElement {
  static properties = { rooms: { state: true }, tab: { state: true } };

  constructor() {
    super();
    this.rooms = null;
    this.tab = "open";
    this.search = new LatestSearch(
      (q) =>
        this.chat.rest.get("rooms/directory", { q, archived: this.tab === "archived" ? 1 : 0 }),
      (rooms) => (this.rooms = rooms),
    );
  }

  heading() {
    return gettext("Rooms");
  }

  show() {
    this.selectTab("open");
    return super.show();
  }

  selectTab(tab) {
    this.tab = tab;
    this.rooms = null;
    if (tab !== "new") this.find("");
  }

  find(text) {
    return this.attempt(() => this.search.find(text));
  }

  content() {
    const labels = {
      open: gettext("All rooms"),
      archived: gettext("Archived"),
      new: gettext("New room"),
    };
    return html`${tabs(labels, this.tab, (tab) => this.selectTab(tab))}
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
      ${this.rooms?.length === 0 ? emptyNote(gettext("No rooms found")) : nothing}`;
  }

  row(room) {
    const count = room.members;
    const members = fill(ngettext("%(count)s member", "%(count)s members", count), { count });
    return html`<li class="row">
      <span class="row-icon">${icon(room.kind === "private" ? "lock" : "hash")}</span>
      <span class="row-text"
        ><strong dir="auto">${room.name}</strong>
        <span class="muted" dir="auto"
          >${members}${room.topic ? ` · ${room.topic}` : ""}</span
        ></span
      >
      ${this.rowAction(room)}
    </li>`;
  }

  rowAction(room) {
    if (this.tab === "archived")
      return rowButton(gettext("Restore"), room.name, () => this.restore(room));
    if (room.role) return rowButton(gettext("Open"), room.name, () => this.openRoom(room.id));
    return rowButton(gettext("Join"), room.name, () => this.join(room), "");
  }

  form() {
    const everyone = gettext("Everyone can find and join it.");
    const invited = gettext("Only invited people can see it.");
    return html`<form class="stack" @submit=${(event) => this.create(event)}>
      ${textField({ label: gettext("Name"), name: "name", max: 80 })}
      ${textField({ label: gettext("Topic (optional)"), name: "topic", max: 250 })}
      <fieldset class="choices">
        <legend class="label">${gettext("Visibility")}</legend>
        ${kindChoice("public", gettext("Public"), everyone)}
        ${kindChoice("private", gettext("Private"), invited)}
      </fieldset>
      <button class="button">${gettext("Create room")}</button>
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
    this.navigate(room);
  }
}

function kindChoice(kind, label, description) {
  return html`<label>
    <input type="radio" name="kind" value=${kind} ?checked=${kind === "public"} />
    <span><strong>${label}</strong> <span class="muted">${description}</span></span>
  </label>`;
}

customElements.define("hub-room-directory", HubRoomDirectory);
