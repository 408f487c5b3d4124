/** The open room's settings, in three tabs: its members, inviting more, and what it is. */

import { html, nothing } from "lit";

import { nameOf } from "../room.js";
import { openRoom } from "../store.js";
import { gettext } from "../text.js";
import { DialogElement, tabs } from "./dialog.js";
import "./settings-about.js";
import "./settings-invite.js";
import "./settings-members.js";

class HubSettings extends DialogElement {
  static properties = { tab: { state: true } };

  heading() {
    return nameOf(openRoom(this.state));
  }

  show() {
    this.turnTo("members");
    return super.show();
  }

  turnTo(tab) {
    this.tab = tab;
    this.problem = "";
  }

  content() {
    if (!openRoom(this.state).role) return nothing;
    const names = {
      members: gettext("Members"),
      invite: gettext("Invite"),
      about: gettext("About"),
    };
    return html`${tabs(names, this.tab, (tab) => this.turnTo(tab))} ${this.tabContent()}`;
  }

  tabContent() {
    if (this.tab === "about") {
      return html`<hub-room-about .chat=${this.chat} .dialog=${this}></hub-room-about>`;
    }
    if (this.tab === "invite") {
      return html`<hub-room-invite .chat=${this.chat} .dialog=${this}></hub-room-invite>`;
    }
    return html`<hub-room-members .chat=${this.chat} .dialog=${this}></hub-room-members>`;
  }
}

customElements.define("hub-settings", HubSettings);
