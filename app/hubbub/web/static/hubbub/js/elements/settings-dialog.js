/** The open room's settings: name and topic, its members and their roles, leaving and archiving. */

import { html, nothing } from "lit";
import { repeat } from "lit/directives/repeat.js";

import { nameOf, openRoom } from "../store.js";
import { gettext } from "../text.js";
import { DialogElement, Search, personRow, rowButton, searchField } from "./dialog.js";
import { roleOf } from "./notices.js";

const MEMBERS_SHOWN = 100;
const ROLES = ["owner", "moderator", "member"];

class HubSettings extends DialogElement {
  static properties = {
    members: { state: true },
    people: { state: true },
    tab: { state: true },
    asking: { state: true },
  };

  constructor() {
    super();
    this.members = [];
    this.people = [];
    this.tab = "members";
    this.searchMembers = new Search(
      (q) => this.chat.rest.get(this.path("members"), { q, limit: MEMBERS_SHOWN }),
      (members) => (this.members = members),
    );
    this.searchPeople = new Search(
      (q) => (q ? this.chat.rest.get("people", { q }) : []),
      (people) => (this.people = people),
    );
  }

  get room() {
    return openRoom(this.state);
  }

  get moderates() {
    return ["owner", "moderator"].includes(this.room.role) && !this.room.archived_at;
  }

  path(rest) {
    return `rooms/${this.room.id}/${rest}`;
  }

  heading() {
    return nameOf(this.room);
  }

  show() {
    this.turnTo("members");
    return super.show();
  }

  turnTo(tab) {
    this.tab = tab;
    this.asking = null;
    this.problem = "";
    this.people = [];
    this.text = "";
    if (tab === "members") this.findMembers("");
  }

  findMembers(text) {
    this.text = text;
    return this.attempt(() => this.searchMembers.find(text));
  }

  findPeople(text) {
    return this.attempt(() => this.searchPeople.find(text));
  }

  content() {
    if (!this.room?.role) return nothing;
    const tabs = { members: gettext("Members"), invite: gettext("Invite"), about: gettext("About") };
    const content = { members: () => this.list(), invite: () => this.invite(), about: () => this.about() };
    return html`<div class="tabs" role="group" aria-label=${gettext("What to show")}>
        ${Object.entries(tabs).map(([tab, label]) => html`<button class="tab"
          aria-pressed=${this.tab === tab} @click=${() => this.turnTo(tab)}>${label}</button>`)}
      </div>
      ${content[this.tab]()}`;
  }

  list() {
    return html`${searchField(gettext("Find a member"), (text) => this.findMembers(text))}
      <ul class="rows">
        ${repeat(this.members, (it) => it.id, (it) => personRow(it, this.memberActions(it)))}
      </ul>`;
  }

  memberActions(member) {
    const isMe = member.id === this.state.me.id;
    const isOwner = this.room.role === "owner";
    const mayRemove = !this.room.lobby && !isMe && this.moderates && (isOwner || member.role === "member");
    return html`${isOwner && !this.room.archived_at ? this.roleChoice(member) : this.roleBadge(member)}
      ${mayRemove
        ? rowButton(gettext("Remove"), member.name, () => this.remove(member), "button-danger")
        : nothing}`;
  }

  roleBadge(member) {
    return member.role === "member" ? nothing : html`<span class="badge">${roleOf(member)}</span>`;
  }

  roleChoice(member) {
    return html`<select class="input input-small" aria-label=${`${gettext("Role")}: ${member.name}`}
      @change=${(event) => this.giveRole(member, event.target)}>
      ${ROLES.map((role) => html`<option value=${role} ?selected=${role === member.role}>${roleOf({ role })}</option>`)}
    </select>`;
  }

  invite() {
    const inRoom = new Set(this.members.map((member) => member.id));
    const button = (it) => rowButton(gettext("Invite"), it.name, () => this.add(it), "");
    const there = html`<span class="quiet">${gettext("is here already")}</span>`;
    return html`${searchField(gettext("Find a person"), (text) => this.findPeople(text))}
      <ul class="rows">
        ${repeat(this.people, (it) => it.id, (it) => personRow(it, inRoom.has(it.id) ? there : button(it)))}
      </ul>
      ${this.people.length ? nothing : html`<p class="quiet">${gettext("Type a part of a name.")}</p>`}`;
  }

  about() {
    const { room } = this;
    const isOwner = room.role === "owner" || this.state.me.owner;
    return html`<form class="stack" @submit=${(event) => this.save(event)}>
        <label class="field"><span class="label">${gettext("Name")}</span>
          <input class="input" name="name" required maxlength="80" dir="auto" .value=${room.name} ?readonly=${!this.moderates} /></label>
        <label class="field"><span class="label">${gettext("Topic")}</span>
          <input class="input" name="topic" maxlength="250" dir="auto" .value=${room.topic} ?readonly=${!this.moderates} /></label>
        ${this.moderates ? html`<button class="button">${gettext("Save")}</button>` : nothing}
      </form>
      ${room.lobby
        ? html`<p class="quiet">${gettext("Everybody is in the lobby; it can be neither left nor archived.")}</p>`
        : this.asking ? this.confirmation() : this.ways(isOwner && !room.archived_at)}`;
  }

  ways(mayArchive) {
    return html`<div class="dialog-danger">
      <button class="button button-quiet" @click=${() => this.askOrLeave()}>${gettext("Leave the room")}</button>
      ${mayArchive
        ? html`<button class="button button-danger" @click=${() => (this.asking = "archive")}>${gettext("Archive the room")}</button>`
        : nothing}
    </div>`;
  }

  confirmation() {
    const isLeaving = this.asking === "leave";
    const text = isLeaving
      ? gettext("The room is private: you come back only when somebody invites you.")
      : gettext("It closes for everybody who is in it. Its owners can bring it back.");
    return html`<div class="dialog-danger" role="alert">
      <p>${text}</p>
      <button class="button button-danger" @click=${() => (isLeaving ? this.leave() : this.archive())}>
        ${isLeaving ? gettext("Leave it") : gettext("Archive it")}</button>
      <button class="button button-quiet" @click=${() => (this.asking = null)}>${gettext("Cancel")}</button>
    </div>`;
  }

  /** A public room can be joined again; a private one wants a second thought. */
  askOrLeave() {
    if (this.room.kind === "public") return this.leave();
    this.asking = "leave";
  }

  save(event) {
    event.preventDefault();
    const fields = Object.fromEntries(new FormData(event.target));
    return this.attempt(async () => {
      await this.chat.change(this.room.id, fields);
      this.close();
    });
  }

  async giveRole(member, select) {
    const path = this.path(`members/${member.id}`);
    const given = await this.attempt(() => this.chat.rest.patch(path, { role: select.value }));
    if (given) await this.searchMembers.find(this.text);
    else select.value = member.role;
  }

  remove(member) {
    return this.attempt(async () => {
      await this.chat.rest.delete(this.path(`members/${member.id}`));
      await this.searchMembers.find(this.text);
    });
  }

  add(person) {
    return this.attempt(async () => {
      const member = await this.chat.rest.post(this.path("members"), { user: person.id });
      this.members = [...this.members, member];
    });
  }

  leave() {
    return this.attempt(async () => {
      await this.chat.leave(this.room.id);
      this.close();
    });
  }

  archive() {
    return this.attempt(async () => {
      await this.chat.archive(this.room.id);
      this.close();
    });
  }
}

customElements.define("hub-settings", HubSettings);
