/** The members of the open room: who they are, their roles, putting them out. */

import { html, nothing } from "lit";
import { repeat } from "lit/directives/repeat.js";

import { openRoom } from "../store.js";
import { gettext } from "../text.js";
import { Search, personRow, rowButton, searchField } from "./dialog.js";
import { ChatElement } from "./element.js";
import { roleOf } from "./notices.js";

const MEMBERS_SHOWN = 100;
const ROLES = ["owner", "moderator", "member"];

class HubRoomMembers extends ChatElement {
  static properties = { dialog: { attribute: false }, members: { state: true } };

  constructor() {
    super();
    this.members = [];
    this.text = "";
    this.search = new Search(
      (q) => this.chat.rest.get(this.path(), { q, limit: MEMBERS_SHOWN }),
      (members) => (this.members = members),
    );
  }

  get room() {
    return openRoom(this.state);
  }

  path(member = "") {
    return `rooms/${this.room.id}/members${member && `/${member}`}`;
  }

  firstUpdated() {
    this.find("");
  }

  find(text) {
    this.text = text;
    return this.dialog.attempt(() => this.search.find(text));
  }

  view() {
    return html`${searchField(gettext("Find a member"), (text) => this.find(text))}
      <ul class="rows">
        ${repeat(
          this.members,
          (member) => member.id,
          (member) => personRow(member, this.actions(member)),
        )}
      </ul>`;
  }

  actions(member) {
    const mayGiveRoles = this.room.role === "owner" && !this.room.archived_at;
    return html`${mayGiveRoles ? this.roleChoice(member) : this.roleBadge(member)}
    ${this.mayRemove(member) ? this.removal(member) : nothing}`;
  }

  mayRemove(member) {
    const { role, lobby, archived_at: archived } = this.room;
    if (lobby || archived || member.id === this.state.me.id) return false;
    return role === "owner" || (role === "moderator" && member.role === "member");
  }

  removal(member) {
    const label = gettext("Remove");
    return rowButton(label, member.name, () => this.putOut(member), "button-danger");
  }

  roleBadge(member) {
    return member.role === "member" ? nothing : html`<span class="badge">${roleOf(member)}</span>`;
  }

  roleChoice(member) {
    const option = (role) =>
      html`<option value=${role} ?selected=${role === member.role}>${roleOf({ role })}</option>`;
    return html`<select
      class="input input-small"
      aria-label=${`${gettext("Role")}: ${member.name}`}
      @change=${(event) => this.giveRole(member, event.target)}
    >
      ${ROLES.map(option)}
    </select>`;
  }

  async giveRole(member, select) {
    const given = await this.dialog.attempt(() =>
      this.chat.rest.patch(this.path(member.id), { role: select.value }),
    );
    if (given) await this.find(this.text);
    else select.value = member.role;
  }

  putOut(member) {
    return this.dialog.attempt(async () => {
      await this.chat.rest.delete(this.path(member.id));
      await this.search.find(this.text);
    });
  }
}

customElements.define("hub-room-members", HubRoomMembers);
