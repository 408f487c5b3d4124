/** The open room's name and topic, and the buttons for leaving and archiving it. */

import { html, nothing } from "lit";

import { openRoom } from "../../state/selectors.js";
import { gettext } from "../../state/text.js";
import { ChatElement } from "../shared/chat-element.js";
import { textField } from "./dialog-parts.js";

class HubRoomAboutTab extends ChatElement {
  // `confirming` is the action that is waiting for confirmation, "leave" or "archive".
  static properties = { dialog: { attribute: false }, confirming: { state: true } };

  get room() {
    return openRoom(this.state);
  }

  template() {
    if (this.room.lobby) return html`${this.form()} ${this.lobbyNote()}`;
    return html`${this.form()} ${this.confirming ? this.confirmation() : this.dangerButtons()}`;
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
    const text = gettext("Everyone is a member of the lobby. You can't leave or archive it.");
    return html`<p class="muted dialog-danger">${text}</p>`;
  }

  dangerButtons() {
    const { role, archived_at: archived } = this.room;
    const mayArchive = (role === "owner" || this.state.me.owner) && archived === null;
    const archiveButton = html`<button
      class="button button-danger"
      @click=${() => (this.confirming = "archive")}
    >
      ${gettext("Archive room")}
    </button>`;
    return html`<div class="dialog-danger">
      <button class="button button-secondary" @click=${() => this.leaveOrConfirm()}>
        ${gettext("Leave room")}
      </button>
      ${mayArchive ? archiveButton : nothing}
    </div>`;
  }

  confirmation() {
    const isLeaving = this.confirming === "leave";
    const text = isLeaving
      ? gettext("This room is private: you'll need a new invitation to rejoin.")
      : gettext("Everyone will lose the ability to post. The room's owners can restore it.");
    return html`<div class="dialog-danger" role="alert">
      <p>${text}</p>
      <button
        class="button button-danger"
        @click=${() => (isLeaving ? this.leave() : this.archive())}
      >
        ${isLeaving ? gettext("Leave") : gettext("Archive")}
      </button>
      <button class="button button-secondary" @click=${() => (this.confirming = null)}>
        ${gettext("Cancel")}
      </button>
    </div>`;
  }

  /** Ask for confirmation if the room is private; a public room can be joined again. */
  leaveOrConfirm() {
    if (this.room.kind === "public") this.leave();
    else this.confirming = "leave";
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

customElements.define("hub-room-about-tab", HubRoomAboutTab);
