/** Templates that several dialogs use: tabs, fields, rows of users and their buttons. */

import { html } from "lit";

import { gettext } from "../../state/text.js";
import { avatar } from "../shared/avatar.js";
import { icon } from "../shared/icons.js";

export function searchField(label, onInput) {
  return html`<label class="dialog-search">
    <span class="visually-hidden">${label}</span>${icon("search")}
    <input
      class="input"
      type="search"
      placeholder=${label}
      autocomplete="off"
      autofocus
      @input=${(event) => onInput(event.target.value)}
    />
  </label>`;
}

/** Buttons that choose what the dialog shows; `labels` maps each tab's name to its label. */
export function tabs(labels, current, onSelect) {
  const tab = ([name, label]) =>
    html`<button class="tab" aria-pressed=${name === current} @click=${() => onSelect(name)}>
      ${label}
    </button>`;
  return html`<div class="tabs" role="group" aria-label=${gettext("Views")}>
    ${Object.entries(labels).map(tab)}
  </div>`;
}

export function textField({ label, name, max, value = "", required = name === "name", readonly }) {
  return html`<label class="field"
    ><span class="label">${label}</span>
    <input
      class="input"
      name=${name}
      dir="auto"
      autocomplete="off"
      maxlength=${max}
      .value=${value}
      ?required=${required}
      ?readonly=${readonly}
  /></label>`;
}

/** A button in one of many rows. Its accessible name includes the name of the row. */
export function rowButton(label, name, onClick, variant = "button-secondary") {
  return html`<button
    class="button ${variant} button-small"
    aria-label=${`${label}: ${name}`}
    @click=${onClick}
  >
    ${label}
  </button>`;
}

export function userRow(user, action) {
  return html`<li class="row">
    ${avatar(user)}
    <span class="row-text"
      ><strong dir="auto">${user.name}</strong>
      <span class="muted">@${user.username}</span></span
    >
    ${action}
  </li>`;
}

export function emptyNote(text) {
  return html`<p class="muted">${text}</p>`;
}
