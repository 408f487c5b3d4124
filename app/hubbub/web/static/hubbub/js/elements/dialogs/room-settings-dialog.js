/**
 * The open room's settings, in three tabs: for its members, for inviting users, and for the room
 * itself.
 */

import { html, nothing } from "lit";

import { nameOf } from "../../state/room.js";
import { openRoom } from "../../state/selectors.js";
import { gettext } from "../../state/text.js";
import { tabs } from "./dialog-parts.js";
import { DialogElement } from "./dialog.js";
import "./room-about-tab.js";
import "./room-invite-tab.js";
import "./room-members-tab.js";

class HubRoomSettings extends DialogElement {
  static properties = { tab: { state: true } };

  heading() {
    return nameOf(openRoom(this.state));
  }

  show() {
    this.selectTab("members");
    return super.show();
  }

  selectTab(tab) {
    this.tab = tab;
    this.problem = "";
  }

  content() {
    if (!openRoom(this.state).role) return nothing;
    const labels = {
      members: gettext("Members"),
      invite: gettext("Invite"),
      about: gettext("About"),
    };
    return html`${tabs(labels, this.tab, (tab) => this.selectTab(tab))} ${this.tabContent()}`;
  }

  tabContent() {
    if (this.tab === "about") {
      return html`<hub-room-about-tab .chat=${this.chat} .dialog=${this}></hub-room-about-tab>`;
    }
    if (this.tab === "invite") {
      return html`<hub-room-invite-tab .chat=${this.chat} .dialog=${this}></hub-room-invite-tab>`;
    }
    return html`<hub-room-members-tab .chat=${this.chat} .dialog=${this}></hub-room-members-tab>`;
  }
}

customElements.define("hub-room-settings", HubRoomSettings);
