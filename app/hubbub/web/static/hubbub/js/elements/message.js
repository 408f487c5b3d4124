/**
 * Templates of one message, sent or not. Drawn by the timeline, which is the `host`: it holds what
 * is being edited or deleted, and does what the buttons say. `message.html` is sanitised by the server.
 */

import { html, nothing } from "lit";
import { unsafeHTML } from "lit/directives/unsafe-html.js";

import { fill, gettext } from "../text.js";
import { exactTimeOf, timeOf } from "../time.js";
import { avatar } from "./avatar.js";
import { icon } from "./icons.js";

const LINE_CHARS = 200;

export function messageView(item, host) {
  const { message } = item;
  const label = fill(gettext("%(name)s, %(time)s"), {
    name: message.sender.name,
    time: timeOf(message.created_at),
  });
  const classes = [
    "message",
    item.first ? "is-first" : "",
    message.seq === host.chat.highlighted ? "is-highlighted" : "",
  ];
  return html`<div class=${classes.join(" ")} role="article" aria-label=${label} data-id=${message.id}
    data-seq=${message.seq} tabindex=${host.tabStop === message.id ? 0 : -1}>
    <div class="message-side">${item.first ? avatar(message.sender) : time(message)}</div>
    <div class="message-main">
      ${item.first ? head(message) : nothing} ${message.reply_to ? quote(item, host) : nothing}
      ${content(message, host)}
    </div>
    ${message.deleted_at || isBusy(message, host) ? nothing : actions(message, host)}
  </div>`;
}

function isBusy(message, host) {
  return host.editing === message.id || host.deleting === message.id;
}

export function unsentView({ entry, first }, host) {
  const { me } = host.state;
  return html`<div class="message is-unsent ${first ? "is-first" : ""}" data-nonce=${entry.nonce}>
    <div class="message-side">${first ? avatar(me) : nothing}</div>
    <div class="message-main">
      ${first ? html`<span class="message-sender" dir="auto">${me.name}</span>` : nothing}
      <div class="message-body is-plain" dir="auto">${entry.body}</div>
      ${entry.problem ? failure(entry, host) : sending(host)}
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
      >${timeOf(message.created_at)}</time></a>`;
}

function quote({ message, quoted }, host) {
  if (!quoted) host.chat.loadQuoted(message.room, message.reply_to);
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

function content(message, host) {
  if (message.deleted_at) {
    return html`<p class="message-body is-deleted">${gettext("message deleted")}</p>`;
  }
  if (host.editing === message.id) return editor(message, host);
  const edited = message.edited_at
    ? html` <span class="message-edited" title=${exactTimeOf(message.edited_at)}>${gettext("(edited)")}</span>`
    : nothing;
  const classes = `message-body ${message.edited_at ? "is-edited" : ""}`;
  const body = message.html === null
    ? html`<div class="${classes} is-plain" dir="auto">${message.body}</div>`
    : html`<div class=${classes} dir="auto">${unsafeHTML(message.html)}</div>`;
  return html`${body}${edited}${host.deleting === message.id ? confirmation(message, host) : nothing}`;
}

function editor(message, host) {
  return html`<form class="message-editor" @submit=${(event) => host.saveEdit(event, message)}>
    <div class="grow" data-text=${message.body}>
      <textarea class="input" name="body" rows="1" dir="auto" aria-label=${gettext("Edit the message")}
        .value=${message.body} @keydown=${(event) => host.editorKey(event, message)}
        @input=${(event) => (event.target.parentElement.dataset.text = event.target.value)}></textarea>
    </div>
    <div class="message-editor-buttons">
      <button class="button button-small">${gettext("Save")}</button>
      <button class="button button-quiet button-small" type="button"
        @click=${() => host.stopEditing()}>${gettext("Cancel")}</button>
      <span class="quiet">${gettext("Enter saves, Escape cancels")}</span>
    </div>
  </form>`;
}

function confirmation(message, host) {
  return html`<div class="message-confirm" role="group" aria-label=${gettext("Delete the message")}>
    <span>${gettext("Delete this message for everyone?")}</span>
    <button class="button button-danger button-small" @click=${() => host.delete(message)}>
      ${gettext("Delete")}</button>
    <button class="button button-quiet button-small" @click=${() => host.keep(message)}>
      ${gettext("Keep")}</button>
  </div>`;
}

function actions(message, host) {
  const may = host.rightsTo(message);
  return html`<div class="message-actions" role="group" aria-label=${gettext("Message actions")}>
    ${may.write ? action("reply", gettext("Reply"), () => host.reply(message)) : nothing}
    ${action("link", gettext("Copy link"), () => host.copyLink(message))}
    ${may.edit ? action("edit", gettext("Edit"), () => host.edit(message.id)) : nothing}
    ${may.delete ? action("trash", gettext("Delete"), () => host.askDelete(message)) : nothing}
  </div>`;
}

function action(shape, label, act) {
  return html`<button class="icon-button" aria-label=${label} title=${label} @click=${act}>
    ${icon(shape)}
  </button>`;
}

function sending(host) {
  const text = host.state.line === "live" ? gettext("Sending…") : gettext("Sent once connected");
  return html`<span class="message-state">${text}</span>`;
}

function failure(entry, host) {
  return html`<div class="message-failed" role="alert">
    <span>${gettext("Not sent.")} ${entry.problem}</span>
    <button class="button button-quiet button-small" @click=${() => host.chat.outbox.retry(entry.nonce)}>
      ${gettext("Try again")}</button>
    <button class="button button-quiet button-small" @click=${() => host.takeBack(entry)}>
      ${gettext("Change it")}</button>
    <button class="button button-quiet button-small" @click=${() => host.chat.outbox.remove(entry.nonce)}>
      ${gettext("Discard")}</button>
  </div>`;
}
