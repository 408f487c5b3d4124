/**
 * The field for writing messages: it grows with its text, keeps a draft through reloads, and sends
 * it when the user presses Enter. Shift+Enter starts a new line. While an input method composes a
 * word, Enter belongs to the input method.
 */

import { html, nothing } from "lit";
import { live } from "lit/directives/live.js";

import { nameOf } from "../../state/room.js";
import { openRoom, openTimeline } from "../../state/selectors.js";
import { fill, gettext, ngettext } from "../../state/text.js";
import { ChatElement } from "../shared/chat-element.js";
import { icon } from "../shared/icons.js";
import { textOf } from "../timeline/message.js";

const WARNING_CHARS = 200;

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
    if (this.chat && this.room !== this.state.open) this.loadDraft();
  }

  loadDraft() {
    this.room = this.state.open;
    const draft = this.chat.drafts.read(this.room);
    this.body = draft.body;
    this.replyTo = draft.replyTo ?? null;
  }

  template() {
    const room = openRoom(this.state);
    if (!room) return nothing;
    if (room.archived_at) return this.archivedNote(room);
    if (!room.role) return this.joinNote(room);
    const name = room.with ? nameOf(room) : `#${nameOf(room)}`;
    const label = fill(gettext("Message %(name)s"), { name });
    return html`<form class="composer" @submit=${(event) => this.submit(event)}>
      ${this.replyTo ? this.replyPreview() : nothing}
      <div class="composer-row">
        <div class="autogrow" data-text=${this.body}>
          <textarea
            rows="1"
            dir="auto"
            enterkeyhint="send"
            aria-label=${label}
            placeholder=${label}
            .value=${live(this.body)}
            @input=${(event) => this.write(event.target.value)}
            @keydown=${(event) => this.keyPressed(event)}
          ></textarea>
        </div>
        <button
          class="composer-send"
          aria-label=${gettext("Send")}
          title=${gettext("Send")}
          ?disabled=${!this.body.trim() || this.charsLeft < 0}
        >
          ${icon("send")}
        </button>
      </div>
      ${this.charsLeft < WARNING_CHARS ? this.counter() : nothing}
    </form>`;
  }

  replyPreview() {
    const message = openTimeline(this.state)?.messages.get(this.replyTo);
    const text = fill(gettext("Replying to %(name)s"), { name: message?.sender.name ?? "…" });
    return html`<div class="composer-reply">
      <strong>${text}</strong>
      <span class="composer-reply-text" dir="auto">${message ? textOf(message) : ""}</span>
      <button
        class="icon-button"
        type="button"
        aria-label=${gettext("Cancel reply")}
        @click=${() => this.compose({ replyTo: null })}
      >
        ${icon("close")}
      </button>
    </div>`;
  }

  counter() {
    const count = Math.abs(this.charsLeft);
    const isOver = this.charsLeft < 0;
    const text = isOver
      ? ngettext(
          "%(count)s character over the limit",
          "%(count)s characters over the limit",
          count,
        )
      : ngettext("%(count)s character left", "%(count)s characters left", count);
    return html`<p class="composer-counter ${isOver ? "is-over" : ""}" role="status">
      ${fill(text, { count })}
    </p>`;
  }

  /** How many characters are left, counted in code points as on the server. */
  get charsLeft() {
    const max = this.state.limits.body_chars ?? Infinity;
    return this.body.length * 2 < max ? max : max - [...this.body].length;
  }

  joinNote(room) {
    const text = gettext("You're not a member of %(name)s. Join it to read and post messages.");
    return html`<div class="composer-replacement">
      <p>${fill(text, { name: nameOf(room) })}</p>
      <button class="button" @click=${() => this.chat.attempt(() => this.chat.join(room.id))}>
        ${gettext("Join room")}
      </button>
    </div>`;
  }

  archivedNote(room) {
    const mayRestore = room.role === "owner" || this.state.me.owner;
    return html`<div class="composer-replacement">
      <p>${gettext("This room is archived. You can read it, but not post messages.")}</p>
      ${
        mayRestore
          ? html`<button
              class="button"
              @click=${() => this.chat.attempt(() => this.chat.restore(room.id))}
            >
              ${gettext("Restore")}
            </button>`
          : nothing
      }
    </div>`;
  }

  keyPressed(event) {
    if (event.isComposing || event.keyCode === 229) return;
    if (event.key === "Enter" && !event.shiftKey) this.submit(event);
    else if (event.key === "ArrowUp" && !this.body) {
      event.preventDefault();
      this.dispatchEvent(new CustomEvent("edit-last", { bubbles: true }));
    } else if (event.key === "Escape" && this.replyTo) this.compose({ replyTo: null });
  }

  write(body) {
    this.body = body;
    this.saveDraft();
    if (body.trim()) this.chat.typing();
  }

  saveDraft() {
    this.chat.drafts.write(this.room, { body: this.body, replyTo: this.replyTo });
  }

  submit(event) {
    event.preventDefault();
    if (!this.body.trim() || this.charsLeft < 0) return;
    this.chat.send(this.body, this.replyTo);
    this.body = "";
    this.replyTo = null;
    this.dispatchEvent(new CustomEvent("sent", { bubbles: true }));
    this.focusField();
  }

  /** Focus the field, and set its text or the message to reply to if these are given. */
  compose({ body, replyTo } = {}) {
    if (body !== undefined) this.body = body;
    if (replyTo !== undefined) this.replyTo = replyTo;
    if (this.room) this.saveDraft();
    this.updateComplete.then(() => this.focusField());
  }

  focusField() {
    this.querySelector("textarea")?.focus();
  }
}

customElements.define("hub-composer", HubComposer);
