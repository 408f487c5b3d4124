/** What the open room is: its name and topic; leaving it and archiving it. */

import { html, nothing } from "lit";

import { openRoom } from "../store.js";
import { gettext } from "../text.js";
import { textField } from "./dialog.js";
import { ChatElement } from "./element.js";

class HubRoomAbout extends ChatElement {
  static properties = { dialog: { attribute: false }, asking: { state: true } };

  get room() {
    return openRoom(this.state);
  }

  view() {
    if (this.room.lobby) return html`${this.form()} ${this.lobbyNote()}`;
    return html`${this.form()} ${this.asking ? this.confirmation() : this.waysOut()}`;
  }

  form() {
    const { name, topic, role, archived_at: archived } = this.room;
    const readonly = !["owner", "moderator"].includes(role) || archived !== null;
    return html`<form class="stack" @submit=${(event) => this.save(event)}>
      ${textField({ label: gettext("Name"), name: "name", value: name, max: 80, readonly })}
      ${textField({ label: gettext("Topic"), name: "topic", value: topic, max: 250, readonly })}
      ${readonly ? nothing : html`<button class="button">${gettext("Save")}</button>`}
    </form>`;
  }

  lobbyNote() {
    const text = gettext("Everybody is in the lobby; it can be neither left nor archived.");
    return html`<p class="quiet dialog-danger">${text}</p>`;
  }

  waysOut() {
    const { role, archived_at: archived } = this.room;
    const mayArchive = (role === "owner" || this.state.me.owner) && archived === null;
    const archive = html`<button
      class="button button-danger"
      @click=${() => (this.asking = "archive")}
    >
      ${gettext("Archive the room")}
    </button>`;
    return html`<div class="dialog-danger">
      <button class="button button-quiet" @click=${() => this.askOrLeave()}>
        ${gettext("Leave the room")}
      </button>
      ${mayArchive ? archive : nothing}
    </div>`;
  }

  confirmation() {
    const isLeaving = this.asking === "leave";
    const text = isLeaving
      ? gettext("The room is private: you come back only when somebody invites you.")
      : gettext("It closes for everybody who is in it. Its owners can bring it back.");
    return html`<div class="dialog-danger" role="alert">
      <p>${text}</p>
      <button
        class="button button-danger"
        @click=${() => (isLeaving ? this.leave() : this.archive())}
      >
        ${isLeaving ? gettext("Leave it") : gettext("Archive it")}
      </button>
      <button class="button button-quiet" @click=${() => (this.asking = null)}>
        ${gettext("Cancel")}
      </button>
    </div>`;
  }

  /** A public room can be joined again; a private one wants a second thought. */
  askOrLeave() {
    if (this.room.kind === "public") this.leave();
    else this.asking = "leave";
  }

  save(event) {
    event.preventDefault();
    const fields = Object.fromEntries(new FormData(event.target));
    return this.closeAfter(() => this.chat.change(this.room.id, fields));
  }

  leave() {
    return this.closeAfter(() => this.chat.leave(this.room.id));
  }

  archive() {
    return this.closeAfter(() => this.chat.archive(this.room.id));
  }

  async closeAfter(action) {
    if (await this.dialog.attempt(action)) this.dialog.close();
  }
}

customElements.define("hub-room-about", HubRoomAbout);
