/**
 * Templates of one message, sent or not. Drawn by the timeline; `deeds` says what is being edited
 * or deleted, and does what the buttons say. `message.html` is sanitised by the server.
 */

import { html, nothing } from "lit";
import { unsafeHTML } from "lit/directives/unsafe-html.js";

import { fill, gettext } from "../text.js";
import { exactTimeOf, timeOf } from "../time.js";
import { avatar } from "./avatar.js";
import { icon } from "./icons.js";

const LINE_CHARS = 200;

export function messageView(item, deeds) {
  const { message } = item;
  const label = fill(gettext("%(name)s, %(time)s"), {
    name: message.sender.name,
    time: timeOf(message.created_at),
  });
  const classes = [
    "message",
    item.first ? "is-first" : "",
    message.seq === deeds.chat.highlighted ? "is-highlighted" : "",
  ];
  return html`<div
    class=${classes.join(" ")}
    role="article"
    aria-label=${label}
    data-id=${message.id}
    data-seq=${message.seq}
    tabindex=${deeds.tabStop === message.id ? 0 : -1}
  >
    <div class="message-side">${item.first ? avatar(message.sender) : time(message)}</div>
    <div class="message-main">
      ${item.first ? head(message) : nothing} ${message.reply_to ? quote(item, deeds) : nothing}
      ${content(message, deeds)}
    </div>
    ${message.deleted_at || isBusy(message, deeds) ? nothing : actions(message, deeds)}
  </div>`;
}

function isBusy(message, deeds) {
  return deeds.editing === message.id || deeds.deleting === message.id;
}

export function unsentView({ entry, first }, deeds) {
  const { me } = deeds.state;
  return html`<div class="message is-unsent ${first ? "is-first" : ""}" data-nonce=${entry.nonce}>
    <div class="message-side">${first ? avatar(me) : nothing}</div>
    <div class="message-main">
      ${first ? html`<span class="message-sender" dir="auto">${me.name}</span>` : nothing}
      <div class="message-body is-plain" dir="auto">${entry.body}</div>
      ${entry.problem ? failure(entry, deeds) : sending(deeds)}
    </div>
  </div>`;
}

function head(message) {
  return html`<header class="message-head">
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

function quote({ message, quoted }, deeds) {
  if (!quoted) deeds.chat.history.quoted(message.room, message.reply_to);
  const text = quoted?.deleted_at ? gettext("message deleted") : quoted ? textOf(quoted) : "…";
  return html`<a class="message-quote" href="/rooms/${message.room}/${message.reply_to.seq}">
    <span class="visually-hidden">${gettext("In reply to")}</span>
    <strong dir="auto">${message.reply_to.sender.name}</strong>
    <span class=${quoted?.deleted_at ? "is-deleted" : ""} dir="auto">${shortened(text)}</span>
  </a>`;
}

/** A message's words without its marks, shortened to what a line holds. */
export function textOf(message) {
  if (message.html === null) return shortened(message.body);
  // A template's content is inert: nothing in it is loaded or run.
  const template = document.createElement("template");
  template.innerHTML = message.html;
  return shortened(template.content.textContent);
}

function shortened(text) {
  return text.length > LINE_CHARS ? `${text.slice(0, LINE_CHARS)}…` : text;
}

function content(message, deeds) {
  if (message.deleted_at) {
    return html`<p class="message-body is-deleted">${gettext("message deleted")}</p>`;
  }
  if (deeds.editing === message.id) return editor(message, deeds);
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
  const question = deeds.deleting === message.id ? confirmation(message, deeds) : nothing;
  return html`${body}${edited}${question}`;
}

function editor(message, deeds) {
  return html`<form class="message-editor" @submit=${(event) => deeds.saveEdit(event, message)}>
    <div class="grow" data-text=${message.body}>
      <textarea
        class="input"
        name="body"
        rows="1"
        dir="auto"
        aria-label=${gettext("Edit the message")}
        .value=${message.body}
        @keydown=${(event) => deeds.editorKey(event, message)}
        @input=${(event) => (event.target.parentElement.dataset.text = event.target.value)}
      ></textarea>
    </div>
    <div class="message-editor-buttons">
      <button class="button button-small">${gettext("Save")}</button>
      <button
        class="button button-quiet button-small"
        type="button"
        @click=${() => deeds.stopEditing()}
      >
        ${gettext("Cancel")}
      </button>
      <span class="quiet">${gettext("Enter saves, Escape cancels")}</span>
    </div>
  </form>`;
}

function confirmation(message, deeds) {
  return html`<div class="message-confirm" role="group" aria-label=${gettext("Delete the message")}>
    <span>${gettext("Delete this message for everyone?")}</span>
    <button class="button button-danger button-small" @click=${() => deeds.delete(message)}>
      ${gettext("Delete")}
    </button>
    <button class="button button-quiet button-small" @click=${() => deeds.keep(message)}>
      ${gettext("Keep")}
    </button>
  </div>`;
}

function actions(message, deeds) {
  const may = deeds.rightsTo(message);
  return html`<div class="message-actions" role="group" aria-label=${gettext("Message actions")}>
    ${may.write ? action("reply", gettext("Reply"), () => deeds.reply(message)) : nothing}
    ${action("link", gettext("Copy link"), () => deeds.copyLink(message))}
    ${may.edit ? action("edit", gettext("Edit"), () => deeds.edit(message)) : nothing}
    ${may.delete ? action("trash", gettext("Delete"), () => deeds.askDelete(message)) : nothing}
  </div>`;
}

function action(shape, label, act) {
  return html`<button class="icon-button" aria-label=${label} title=${label} @click=${act}>
    ${icon(shape)}
  </button>`;
}

function sending(deeds) {
  const text = deeds.state.line === "live" ? gettext("Sending…") : gettext("Sent once connected");
  return html`<span class="message-state">${text}</span>`;
}

function failure(entry, deeds) {
  return html`<div class="message-failed" role="alert">
    <span>${gettext("Not sent.")} ${entry.problem}</span>
    <button
      class="button button-quiet button-small"
      @click=${() => deeds.chat.outbox.retry(entry.nonce)}
    >
      ${gettext("Try again")}
    </button>
    <button class="button button-quiet button-small" @click=${() => deeds.takeBack(entry)}>
      ${gettext("Change it")}
    </button>
    <button
      class="button button-quiet button-small"
      @click=${() => deeds.chat.outbox.remove(entry.nonce)}
    >
      ${gettext("Discard")}
    </button>
  </div>`;
}
