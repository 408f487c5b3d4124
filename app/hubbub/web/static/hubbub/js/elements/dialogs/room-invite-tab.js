/** Finds users by name and invites them to the open room. */

import { html, nothing } from "lit";
import { repeat } from "lit/directives/repeat.js";

import { openRoom } from "../../state/selectors.js";
import { gettext } from "../../state/text.js";
import { ChatElement } from "../shared/chat-element.js";
import { emptyNote, rowButton, searchField, userRow } from "./dialog-parts.js";
import { LatestSearch } from "./latest-search.js";

class HubRoomInviteTab extends ChatElement {
  // `users` is null until the first search.
  static properties = { dialog: { attribute: false }, users: { state: true } };

  constructor() {
    super();
    this.users = null;
    this.search = new LatestSearch(
      (q) => this.findUsers(q),
      (users) => (this.users = users),
    );
  }

  get membersPath() {
    return `rooms/${openRoom(this.state).id}/members`;
  }

  /** Return the users whose names match `q`, each with `isMember`; return null if `q` is empty. */
  async findUsers(q) {
    if (!q) return null;
    const [users, members] = await Promise.all([
      this.chat.rest.get("people", { q }),
      this.chat.rest.get(this.membersPath, { q }),
    ]);
    const memberIds = new Set(members.map((member) => member.id));
    return users.map((user) => ({ ...user, isMember: memberIds.has(user.id) }));
  }

  template() {
    const find = (text) => this.dialog.attempt(() => this.search.find(text));
    return html`${searchField(gettext("Search by name"), find)}
      <ul class="rows">
        ${repeat(
          this.users ?? [],
          (user) => user.id,
          (user) => userRow(user, this.rowAction(user)),
        )}
      </ul>
      ${this.users?.length === 0 ? emptyNote(gettext("No people found")) : nothing}`;
  }

  rowAction(user) {
    if (user.isMember) return html`<span class="muted">${gettext("Already a member")}</span>`;
    return rowButton(gettext("Invite"), user.name, () => this.invite(user), "");
  }

  invite(user) {
    return this.dialog.attempt(async () => {
      await this.chat.rest.post(this.membersPath, { user: user.id });
      const isInvited = (each) => each.id === user.id;
      // The user may have cleared the search meanwhile; then there is no list.
      this.users =
        this.users?.map((each) => (isInvited(each) ? { ...each, isMember: true } : each)) ?? null;
    });
  }
}

customElements.define("hub-room-invite-tab", HubRoomInviteTab);
