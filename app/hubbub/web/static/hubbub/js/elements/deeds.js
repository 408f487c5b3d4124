/**
 * What one does with a message: reply, copy its link, edit it in place, delete it. Made by the
 * timeline and called by its messages' buttons (`message.js`) and keys (`keys.js`).
 *
 * What one may is decided by the server; `rightsTo` only spares people buttons that would refuse.
 */

import { openRoom, openTimeline } from "../store.js";
import { gettext } from "../text.js";
import { messagesOf } from "../timeline.js";

export class Deeds {
  constructor(timeline) {
    this.timeline = timeline;
    this.reset();
  }

  reset() {
    this.editing = null;
    this.deleting = null;
  }

  get chat() {
    return this.timeline.chat;
  }

  get state() {
    return this.timeline.state;
  }

  get tabStop() {
    return this.timeline.tabStop;
  }

  rightsTo(message) {
    const room = openRoom(this.state);
    const isMine = message.sender.id === this.state.me.id;
    const write = Boolean(room?.role) && !room.archived_at;
    const moderates = ["owner", "moderator"].includes(room?.role) || this.state.me.owner;
    return { write, edit: isMine && write, delete: isMine || moderates };
  }

  reply(message) {
    this.timeline.emit("compose", { replyTo: message.id });
  }

  async copyLink(message) {
    const copied = await copy(`${location.origin}/rooms/${message.room}/${message.seq}`);
    this.chat.say(copied ? gettext("Link copied.") : gettext("The link could not be copied."));
  }

  edit(message) {
    this.deleting = null;
    this.editing = message.id;
    this.afterDrawing(() => {
      const field = this.timeline.querySelector(".message-editor textarea");
      field?.focus();
      field?.setSelectionRange(field.value.length, field.value.length);
    });
  }

  /** Edit one's newest message: what Up does in an empty composer. */
  editLast() {
    const { me } = this.state;
    const mine = (message) => message.sender.id === me.id && !message.deleted_at;
    const last = messagesOf(openTimeline(this.state)).findLast(mine);
    if (last && this.rightsTo(last).edit) this.edit(last);
  }

  editorKey(event, message) {
    if (event.isComposing || event.keyCode === 229) return;
    if (event.key === "Enter" && !event.shiftKey) this.saveEdit(event, message);
    if (event.key !== "Escape") return;
    event.preventDefault();
    this.stopEditing();
  }

  async saveEdit(event, message) {
    event.preventDefault();
    const body = this.timeline.querySelector(".message-editor textarea").value;
    if (!body.trim()) return this.askDelete(message);
    const saved = await this.chat.attempt(() => this.chat.edit(message, body));
    if (saved) this.stopEditing();
  }

  stopEditing() {
    this.editing = null;
    this.timeline.requestUpdate();
    this.timeline.emit("compose");
  }

  askDelete(message) {
    this.editing = null;
    this.deleting = message.id;
    this.afterDrawing(() => this.timeline.querySelector(".message-confirm button")?.focus());
  }

  keep(message) {
    this.deleting = null;
    this.timeline.requestUpdate();
    this.timeline.querySelector(`[data-id="${message.id}"]`)?.focus();
  }

  async delete(message) {
    this.keep(message);
    await this.chat.attempt(() => this.chat.delete(message));
  }

  takeBack(entry) {
    this.chat.outbox.remove(entry.nonce);
    this.timeline.emit("compose", { body: entry.body, replyTo: entry.reply_to });
  }

  afterDrawing(act) {
    this.timeline.drawAtOnce().then(act);
  }
}

async function copy(text) {
  try {
    await navigator.clipboard.writeText(text);
    return true;
  } catch {
    // Without TLS there is no clipboard: the old way, through a selection.
    const field = document.createElement("textarea");
    field.value = text;
    document.body.append(field);
    field.select();
    const copied = document.execCommand("copy");
    field.remove();
    return copied;
  }
}
