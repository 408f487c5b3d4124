/** The user's rooms and direct messages with their unread counts, and the user's account. */

import { html, nothing } from "lit";
import { repeat } from "lit/directives/repeat.js";

import { nameOf, unreadOf } from "../../state/room.js";
import { roomsInOrder } from "../../state/selectors.js";
import { fill, gettext, ngettext } from "../../state/text.js";
import { avatar } from "../shared/avatar.js";
import { ChatElement } from "../shared/chat-element.js";
import { icon } from "../shared/icons.js";

class HubSidebar extends ChatElement {
  template() {
    const rooms = roomsInOrder(this.state);
    const isDirect = (room) => room.kind === "direct";
    return html`
      <div class="sidebar-header">
        <a class="sidebar-brand" href="/"
          ><img src=${this.chat.icon} alt="" width="28" height="28" />Hubbub</a
        >
        <button
          class="icon-button sidebar-close"
          aria-label=${gettext("Close the list of rooms")}
          @click=${() => this.setDrawer(null)}
        >
          ${icon("close")}
        </button>
      </div>
      <div class="sidebar-rooms">
        ${this.section(
          gettext("Rooms"),
          rooms.filter((room) => !isDirect(room)),
          {
            label: gettext("Find or create a room"),
            dialog: "room-directory",
          },
        )}
        ${this.section(gettext("Direct messages"), rooms.filter(isDirect), {
          label: gettext("New message"),
          dialog: "direct-message",
        })}
      </div>
      ${this.account()}
    `;
  }

  section(title, rooms, { label, dialog }) {
    return html`<section class="sidebar-section">
      <div class="sidebar-section-header">
        <h2>${title}</h2>
        <button
          class="icon-button"
          aria-label=${label}
          title=${label}
          @click=${() => this.openDialog(dialog)}
        >
          ${icon("plus")}
        </button>
      </div>
      <ul class="sidebar-list">
        ${repeat(
          rooms,
          (room) => room.id,
          (room) => this.room(room),
        )}
      </ul>
      ${
        rooms.length
          ? nothing
          : html`<button class="sidebar-empty" @click=${() => this.openDialog(dialog)}>
              ${label}
            </button>`
      }
    </section>`;
  }

  room(room) {
    const unread = unreadOf(room);
    const isOpen = room.id === this.state.open;
    return html`<li>
      <a
        class="sidebar-room ${unread ? "is-unread" : ""}"
        href="/rooms/${room.id}"
        aria-current=${isOpen ? "page" : nothing}
        @click=${() => this.setDrawer(null)}
      >
        ${room.with ? avatar(room.with, "small") : icon(room.kind === "private" ? "lock" : "hash")}
        <span class="sidebar-name" dir="auto">${nameOf(room)}</span>
        ${unread ? this.unreadCount(unread) : nothing}
      </a>
    </li>`;
  }

  unreadCount(count) {
    const text = ngettext("%(count)s unread message", "%(count)s unread messages", count);
    return html`<span class="unread-count" aria-hidden="true">${count > 99 ? "99+" : count}</span>
      <span class="visually-hidden">${fill(text, { count })}</span>`;
  }

  account() {
    const { me } = this.state;
    return html`<div class="sidebar-account">
      <a class="sidebar-profile" href="/settings/" title=${gettext("Your settings")}>
        ${avatar(me, "small")}<span class="sidebar-name" dir="auto">${me.name}</span>
      </a>
      <button class="button button-secondary button-small" @click=${() => this.signOut()}>
        ${gettext("Sign out")}
      </button>
    </div>`;
  }

  signOut() {
    document.getElementById("sign-out").requestSubmit();
  }
}

customElements.define("hub-sidebar", HubSidebar);
