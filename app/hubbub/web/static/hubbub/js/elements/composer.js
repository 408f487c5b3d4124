/**
 * Where one writes: grows with its text, keeps it through reloads, sends with Enter. Shift+Enter is
 * a new line; Enter while an input method composes is the input method's.
 */

import { html, nothing } from "lit";
import { live } from "lit/directives/live.js";

import { nameOf } from "../room.js";
import { openRoom, openTimeline } from "../store.js";
import { fill, gettext, ngettext } from "../text.js";
import { ChatElement } from "./element.js";
import { icon } from "./icons.js";
import { textOf } from "./message.js";

const WARN_CHARS = 200;

class HubComposer extends ChatElement {
  static properties = { body: { state: true }, replyTo: { state: true } };

  constructor() {
    super();
    this.body = "";
    this.replyTo = null;
    this.room = null;
  }

  willUpdate(changed) {
    super.willUpdate(changed);
    if (this.chat && this.room !== this.state.open) this.takeDraft();
  }

  takeDraft() {
    this.room = this.state.open;
    const draft = this.chat.drafts.read(this.room);
    this.body = draft.body;
    this.replyTo = draft.replyTo ?? null;
  }

  view() {
    const room = openRoom(this.state);
    if (!room) return nothing;
    if (room.archived_at) return this.archived(room);
    if (!room.role) return this.invitation(room);
    const label = fill(gettext("Write to %(name)s"), { name: nameOf(room) });
    return html`<form class="composer" @submit=${(event) => this.submit(event)}>
      ${this.replyTo ? this.reply() : nothing}
      <div class="composer-row">
        <div class="grow" data-text=${this.body}>
          <textarea
            rows="1"
            dir="auto"
            enterkeyhint="send"
            aria-label=${label}
            placeholder=${label}
            .value=${live(this.body)}
            @input=${(event) => this.write(event.target.value)}
            @keydown=${(event) => this.key(event)}
          ></textarea>
        </div>
        <button
          class="composer-send"
          aria-label=${gettext("Send")}
          title=${gettext("Send")}
          ?disabled=${!this.body.trim() || this.left < 0}
        >
          ${icon("send")}
        </button>
      </div>
      ${this.left < WARN_CHARS ? this.counter() : nothing}
    </form>`;
  }

  reply() {
    const message = openTimeline(this.state)?.known.get(this.replyTo);
    const text = fill(gettext("Reply to %(name)s"), { name: message?.sender.name ?? "…" });
    return html`<div class="composer-reply">
      <strong>${text}</strong>
      <span class="composer-reply-text" dir="auto">${message ? textOf(message) : ""}</span>
      <button
        class="icon-button"
        type="button"
        aria-label=${gettext("Do not reply")}
        @click=${() => this.compose({ replyTo: null })}
      >
        ${icon("close")}
      </button>
    </div>`;
  }

  counter() {
    const count = Math.abs(this.left);
    const text =
      this.left < 0
        ? ngettext("%(count)s character too many", "%(count)s characters too many", count)
        : ngettext("%(count)s character left", "%(count)s characters left", count);
    return html`<p class="composer-count ${this.left < 0 ? "is-over" : ""}" role="status">
      ${fill(text, { count })}
    </p>`;
  }

  /** Characters left, counted as the server does: in code points. */
  get left() {
    const max = this.state.limits.body_chars ?? Infinity;
    return this.body.length * 2 < max ? max : max - [...this.body].length;
  }

  invitation(room) {
    const text = gettext("You are not in %(name)s. Join it to read and write.");
    return html`<div class="composer-instead">
      <p>${fill(text, { name: nameOf(room) })}</p>
      <button class="button" @click=${() => this.chat.attempt(() => this.chat.join(room.id))}>
        ${gettext("Join the room")}
      </button>
    </div>`;
  }

  archived(room) {
    const mayRestore = room.role === "owner" || this.state.me.owner;
    return html`<div class="composer-instead">
      <p>${gettext("This room is archived: it can be read, not written to.")}</p>
      ${
        mayRestore
          ? html`<button
              class="button"
              @click=${() => this.chat.attempt(() => this.chat.restore(room.id))}
            >
              ${gettext("Bring it back")}
            </button>`
          : nothing
      }
    </div>`;
  }

  key(event) {
    if (event.isComposing || event.keyCode === 229) return;
    if (event.key === "Enter" && !event.shiftKey) this.submit(event);
    else if (event.key === "ArrowUp" && !this.body) {
      event.preventDefault();
      this.dispatchEvent(new CustomEvent("edit-last", { bubbles: true }));
    } else if (event.key === "Escape" && this.replyTo) this.compose({ replyTo: null });
  }

  write(body) {
    this.body = body;
    this.keep();
    if (body.trim()) this.chat.typing();
  }

  keep() {
    this.chat.drafts.write(this.room, { body: this.body, replyTo: this.replyTo });
  }

  submit(event) {
    event.preventDefault();
    if (!this.body.trim() || this.left < 0) return;
    this.chat.send(this.body, this.replyTo);
    this.body = "";
    this.replyTo = null;
    this.dispatchEvent(new CustomEvent("sent", { bubbles: true }));
    this.focusField();
  }

  /** Take the focus, and what is to be written or replied to. */
  compose({ body, replyTo } = {}) {
    if (body !== undefined) this.body = body;
    if (replyTo !== undefined) this.replyTo = replyTo;
    if (this.room) this.keep();
    this.updateComplete.then(() => this.focusField());
  }

  focusField() {
    this.querySelector("textarea")?.focus();
  }
}

customElements.define("hub-composer", HubComposer);
