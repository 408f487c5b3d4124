/**
 * What a user can do with a message: reply, copy its link, edit it, delete it. The timeline creates
 * this; the messages' buttons (`message.js`) and `keyboard-shortcuts.js` call it.
 *
 * The server decides what is allowed. `permissionsFor` only hides buttons for actions that the
 * server would refuse.
 */

import { openRoom, openTimeline } from "../../state/selectors.js";
import { gettext } from "../../state/text.js";
import { messagesInWindow } from "../../state/timeline.js";

export class MessageActions {
  constructor(timeline) {
    this.timeline = timeline;
    this.reset();
  }

  reset() {
    this.editingId = null;
    this.deletingId = null;
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

  permissionsFor(message) {
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
    this.chat.showToast(copied ? gettext("Link copied") : gettext("Couldn't copy the link"));
  }

  edit(message) {
    this.deletingId = null;
    this.editingId = message.id;
    this.afterRender(() => {
      const field = this.timeline.querySelector(".message-editor textarea");
      field?.focus();
      field?.setSelectionRange(field.value.length, field.value.length);
    });
  }

  /** Edit the user's latest message. The Up key does this in an empty composer. */
  editLast() {
    const { me } = this.state;
    const isMine = (message) => message.sender.id === me.id && !message.deleted_at;
    const last = messagesInWindow(openTimeline(this.state)).findLast(isMine);
    if (last && this.permissionsFor(last).edit) this.edit(last);
  }

  editorKeyPressed(event, message) {
    if (event.isComposing || event.keyCode === 229) return;
    if (event.key === "Enter" && !event.shiftKey) this.saveEdit(event, message);
    if (event.key !== "Escape") return;
    event.preventDefault();
    this.stopEditing();
  }

  /** Save the editor's text. If the text is empty, ask whether to delete the message. */
  async saveEdit(event, message) {
    event.preventDefault();
    const body = this.timeline.querySelector(".message-editor textarea").value;
    if (!body.trim()) return this.confirmDelete(message);
    const saved = await this.chat.attempt(() => this.chat.edit(message, body));
    if (saved) this.stopEditing();
  }

  stopEditing() {
    this.editingId = null;
    this.timeline.requestUpdate();
    this.timeline.emit("compose");
  }

  confirmDelete(message) {
    this.editingId = null;
    this.deletingId = message.id;
    this.afterRender(() => this.timeline.querySelector(".message-confirm button")?.focus());
  }

  cancelDelete(message) {
    this.deletingId = null;
    this.timeline.requestUpdate();
    this.timeline.querySelector(`[data-id="${message.id}"]`)?.focus();
  }

  async delete(message) {
    this.cancelDelete(message);
    await this.chat.attempt(() => this.chat.delete(message));
  }

  /** Move an unsent message back into the composer. */
  editUnsent(entry) {
    this.chat.outbox.remove(entry.nonce);
    this.timeline.emit("compose", { body: entry.body, replyTo: entry.reply_to });
  }

  afterRender(callback) {
    this.timeline.renderNow().then(callback);
  }
}

async function copy(text) {
  try {
    await navigator.clipboard.writeText(text);
    return true;
  } catch {
    // Without TLS there is no clipboard API: copy from a selection instead.
    const field = document.createElement("textarea");
    field.value = text;
    document.body.append(field);
    field.select();
    const copied = document.execCommand("copy");
    field.remove();
    return copied;
  }
}
