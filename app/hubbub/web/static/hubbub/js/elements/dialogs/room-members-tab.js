/** Lists the open room's members, changes their roles, and removes members. */

import { html, nothing } from "lit";
import { repeat } from "lit/directives/repeat.js";

import { openRoom } from "../../state/selectors.js";
import { gettext } from "../../state/text.js";
import { ChatElement } from "../shared/chat-element.js";
import { emptyNote, rowButton, searchField, userRow } from "./dialog-parts.js";
import { LatestSearch } from "./latest-search.js";

const MAX_MEMBERS = 100;
const ROLES = {
  owner: () => gettext("owner"),
  moderator: () => gettext("moderator"),
  member: () => gettext("member"),
};

class HubRoomMembersTab extends ChatElement {
  // `members` is null until they are loaded.
  static properties = { dialog: { attribute: false }, members: { state: true } };

  constructor() {
    super();
    this.members = null;
    this.text = "";
    this.search = new LatestSearch(
      (q) => this.chat.rest.get(this.path(), { q, limit: MAX_MEMBERS }),
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

  template() {
    return html`${searchField(gettext("Find a member"), (text) => this.find(text))}
      <ul class="rows">
        ${repeat(
          this.members ?? [],
          (member) => member.id,
          (member) => userRow(member, this.rowActions(member)),
        )}
      </ul>
      ${this.members?.length === 0 ? emptyNote(gettext("No members found")) : nothing}`;
  }

  rowActions(member) {
    const mayChangeRoles = this.room.role === "owner" && !this.room.archived_at;
    return html`${mayChangeRoles ? this.roleSelect(member) : this.roleBadge(member)}
    ${this.mayRemove(member) ? this.removeButton(member) : nothing}`;
  }

  mayRemove(member) {
    const { role, lobby, archived_at: archived } = this.room;
    if (lobby || archived || member.id === this.state.me.id) return false;
    return role === "owner" || (role === "moderator" && member.role === "member");
  }

  removeButton(member) {
    const label = gettext("Remove");
    return rowButton(label, member.name, () => this.removeMember(member), "button-danger");
  }

  roleBadge({ role }) {
    return role === "member" ? nothing : html`<span class="badge">${nameOfRole(role)}</span>`;
  }

  roleSelect(member) {
    const option = (role) =>
      html`<option value=${role} ?selected=${role === member.role}>${nameOfRole(role)}</option>`;
    return html`<select
      class="input input-small"
      aria-label=${`${gettext("Role")}: ${member.name}`}
      @change=${(event) => this.changeRole(member, event.target)}
    >
      ${Object.keys(ROLES).map(option)}
    </select>`;
  }

  async changeRole(member, select) {
    const changed = await this.dialog.attempt(() =>
      this.chat.rest.patch(this.path(member.id), { role: select.value }),
    );
    if (changed) await this.find(this.text);
    else select.value = member.role;
  }

  removeMember(member) {
    return this.dialog.attempt(async () => {
      await this.chat.rest.delete(this.path(member.id));
      await this.search.find(this.text);
    });
  }
}

function nameOfRole(role) {
  return ROLES[role]?.() ?? role;
}

customElements.define("hub-room-members-tab", HubRoomMembersTab);
