/** The side: one's rooms and conversations with their unread counts, and one's own account. */

import { html, nothing } from "lit";
import { repeat } from "lit/directives/repeat.js";

import { nameOf, unreadOf } from "../room.js";
import { roomsInOrder } from "../store.js";
import { fill, gettext, ngettext } from "../text.js";
import { avatar } from "./avatar.js";
import { ChatElement } from "./element.js";
import { icon } from "./icons.js";

class HubRooms extends ChatElement {
  view() {
    const rooms = roomsInOrder(this.state);
    const isDirect = (room) => room.kind === "direct";
    return html`
      <div class="side-head">
        <a class="side-brand" href="/"
          ><img src=${this.chat.icon} alt="" width="28" height="28" />Hubbub</a
        >
        <button
          class="icon-button side-close"
          aria-label=${gettext("Close the list of rooms")}
          @click=${() => this.ask("drawer", null)}
        >
          ${icon("close")}
        </button>
      </div>
      <div class="side-rooms">
        ${this.section(
          gettext("Rooms"),
          rooms.filter((room) => !isDirect(room)),
          {
            label: gettext("Find or create a room"),
            dialog: "directory",
          },
        )}
        ${this.section(gettext("Conversations"), rooms.filter(isDirect), {
          label: gettext("Start a conversation"),
          dialog: "direct",
        })}
      </div>
      ${this.account()}
    `;
  }

  section(title, rooms, { label, dialog }) {
    return html`<section class="side-section">
      <div class="side-title">
        <h2>${title}</h2>
        <button
          class="icon-button"
          aria-label=${label}
          title=${label}
          @click=${() => this.ask("dialog", dialog)}
        >
          ${icon("plus")}
        </button>
      </div>
      <ul class="side-list">
        ${repeat(
          rooms,
          (room) => room.id,
          (room) => this.room(room),
        )}
      </ul>
      ${
        rooms.length
          ? nothing
          : html`<button class="side-empty" @click=${() => this.ask("dialog", dialog)}>
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
        class="side-room ${unread ? "is-unread" : ""}"
        href="/rooms/${room.id}"
        aria-current=${isOpen ? "page" : nothing}
        @click=${() => this.ask("drawer", null)}
      >
        ${room.with ? avatar(room.with, "small") : icon(room.kind === "private" ? "lock" : "hash")}
        <span class="side-name" dir="auto">${nameOf(room)}</span>
        ${unread ? this.unread(unread) : nothing}
      </a>
    </li>`;
  }

  unread(count) {
    const label = fill(ngettext("%(count)s unread", "%(count)s unread", count), { count });
    return html`<span class="side-unread" aria-hidden="true">${count > 99 ? "99+" : count}</span>
      <span class="visually-hidden">${label}</span>`;
  }

  account() {
    const { me } = this.state;
    return html`<div class="side-account">
      <a class="side-me" href="/settings/" title=${gettext("Your settings")}>
        ${avatar(me, "small")}<span class="side-name" dir="auto">${me.name}</span>
      </a>
      <button class="button button-quiet button-small" @click=${() => this.signOut()}>
        ${gettext("Sign out")}
      </button>
    </div>`;
  }

  signOut() {
    document.getElementById("sign-out").requestSubmit();
  }
}

customElements.define("hub-rooms", HubRooms);
