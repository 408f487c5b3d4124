/**
 * Templates that show one message, sent or unsent. The timeline renders them; `actions`
 * (`MessageActions`) knows which message is being edited or deleted, and handles the buttons. The
 * server sanitises `message.html`.
 */

import { html, nothing } from "lit";
import { unsafeHTML } from "lit/directives/unsafe-html.js";

import { fill, gettext } from "../../state/text.js";
import { exactTimeOf, timeOf } from "../../state/time.js";
import { avatar } from "../shared/avatar.js";
import { icon } from "../shared/icons.js";

const MAX_PREVIEW_CHARS = 200;

export function sentMessage(item, actions) {
  const { message } = item;
  const label = fill(gettext("%(name)s, %(time)s"), {
    name: message.sender.name,
    time: timeOf(message.created_at),
  });
  const classes = [
    "message",
    item.first ? "is-first" : "",
    message.seq === actions.chat.highlightedSeq ? "is-highlighted" : "",
  ];
  return html`<div
    class=${classes.join(" ")}
    role="article"
    aria-label=${label}
    data-id=${message.id}
    data-seq=${message.seq}
    tabindex=${actions.tabStop === message.id ? 0 : -1}
  >
    <div class="message-gutter">${item.first ? avatar(message.sender) : time(message)}</div>
    <div class="message-main">
      ${item.first ? header(message) : nothing} ${message.reply_to ? quote(item, actions) : nothing}
      ${content(message, actions)}
    </div>
    ${message.deleted_at || isBusy(message, actions) ? nothing : toolbar(message, actions)}
  </div>`;
}

function isBusy(message, actions) {
  return actions.editingId === message.id || actions.deletingId === message.id;
}

export function unsentMessage({ entry, first }, actions) {
  const { me } = actions.state;
  return html`<div class="message is-unsent ${first ? "is-first" : ""}" data-nonce=${entry.nonce}>
    <div class="message-gutter">${first ? avatar(me) : nothing}</div>
    <div class="message-main">
      ${first ? html`<span class="message-sender" dir="auto">${me.name}</span>` : nothing}
      <div class="message-body is-plain" dir="auto">${entry.body}</div>
      ${entry.problem ? failure(entry, actions) : sendingStatus(actions)}
    </div>
  </div>`;
}

function header(message) {
  return html`<header class="message-header">
    <span class="message-sender" dir="auto">${message.sender.name}</span>${time(message)}
  </header>`;
}

function time(message) {
  return html`<a class="message-time" href="/rooms/${message.room}/${message.seq}" tabindex="-1"
    ><time datetime=${message.created_at} title=${exactTimeOf(message.created_at)}
      >${timeOf(message.created_at)}</time
    ></a
  >`;
}

function quote({ message, quoted }, actions) {
  if (!quoted) actions.chat.history.loadQuoted(message.room, message.reply_to);
  const text = quoted?.deleted_at ? gettext("Message deleted") : quoted ? textOf(quoted) : "…";
  return html`<a class="message-quote" href="/rooms/${message.room}/${message.reply_to.seq}">
    <span class="visually-hidden">${gettext("In reply to")}</span>
    <strong dir="auto">${message.reply_to.sender.name}</strong>
    <span class=${quoted?.deleted_at ? "is-deleted" : ""} dir="auto">${shortened(text)}</span>
  </a>`;
}

/** A message's text without its formatting, shortened to fit one line. */
export function textOf(message) {
  if (message.html === null) return shortened(message.body);
  // A template's content is inert: nothing in it is loaded or run.
  const template = document.createElement("template");
  template.innerHTML = message.html;
  return shortened(template.content.textContent);
}

function shortened(text) {
  return text.length > MAX_PREVIEW_CHARS ? `${text.slice(0, MAX_PREVIEW_CHARS)}…` : text;
}

function content(message, actions) {
  if (message.deleted_at) {
    return html`<p class="message-body is-deleted">${gettext("Message deleted")}</p>`;
  }
  if (actions.editingId === message.id) return editor(message, actions);
  const edited = message.edited_at
    ? html` <span class="message-edited" title=${exactTimeOf(message.edited_at)}
        >${gettext("(edited)")}</span
      >`
    : nothing;
  const classes = `message-body ${message.edited_at ? "is-edited" : ""}`;
  const body =
    message.html === null
      ? html`<div class="${classes} is-plain" dir="auto">${message.body}</div>`
      : html`<div class=${classes} dir="auto">${unsafeHTML(message.html)}</div>`;
  const question = actions.deletingId === message.id ? confirmation(message, actions) : nothing;
  return html`${body}${edited}${question}`;
}

function editor(message, actions) {
  return html`<form class="message-editor" @submit=${(event) => actions.saveEdit(event, message)}>
    <div class="autogrow" data-text=${message.body}>
      <textarea
        class="input"
        name="body"
        rows="1"
        dir="auto"
        aria-label=${gettext("Edit message")}
        .value=${message.body}
        @keydown=${(event) => actions.editorKeyPressed(event, message)}
        @input=${(event) => (event.target.parentElement.dataset.text = event.target.value)}
      ></textarea>
    </div>
    <div class="message-editor-buttons">
      <button class="button button-small">${gettext("Save")}</button>
      <button
        class="button button-secondary button-small"
        type="button"
        @click=${() => actions.stopEditing()}
      >
        ${gettext("Cancel")}
      </button>
      <span class="muted">${gettext("Enter to save, Esc to cancel")}</span>
    </div>
  </form>`;
}

function confirmation(message, actions) {
  return html`<div class="message-confirm" role="group" aria-label=${gettext("Delete message")}>
    <span>${gettext("Delete this message for everyone?")}</span>
    <button class="button button-danger button-small" @click=${() => actions.delete(message)}>
      ${gettext("Delete")}
    </button>
    <button
      class="button button-secondary button-small"
      @click=${() => actions.cancelDelete(message)}
    >
      ${gettext("Cancel")}
    </button>
  </div>`;
}

function toolbar(message, actions) {
  const may = actions.permissionsFor(message);
  return html`<div class="message-actions" role="group" aria-label=${gettext("Message actions")}>
    ${may.write ? toolButton("reply", gettext("Reply"), () => actions.reply(message)) : nothing}
    ${toolButton("link", gettext("Copy link"), () => actions.copyLink(message))}
    ${may.edit ? toolButton("edit", gettext("Edit"), () => actions.edit(message)) : nothing}
    ${
      may.delete
        ? toolButton("trash", gettext("Delete"), () => actions.confirmDelete(message))
        : nothing
    }
  </div>`;
}

function toolButton(shape, label, onClick) {
  return html`<button class="icon-button" aria-label=${label} title=${label} @click=${onClick}>
    ${icon(shape)}
  </button>`;
}

function sendingStatus(actions) {
  const text =
    actions.state.connection === "connected"
      ? gettext("Sending…")
      : gettext("Will send when you're back online");
  return html`<span class="message-status">${text}</span>`;
}

function failure(entry, actions) {
  return html`<div class="message-failed" role="alert">
    <span>${gettext("Not sent.")} ${entry.problem}</span>
    <button
      class="button button-secondary button-small"
      @click=${() => actions.chat.outbox.retry(entry.nonce)}
    >
      ${gettext("Try again")}
    </button>
    <button class="button button-secondary button-small" @click=${() => actions.editUnsent(entry)}>
      ${gettext("Edit")}
    </button>
    <button
      class="button button-secondary button-small"
      @click=${() => actions.chat.outbox.remove(entry.nonce)}
    >
      ${gettext("Delete")}
    </button>
  </div>`;
}
