/** What the dialogs share: a native modal `<dialog>`, tabs, fields, searches and their rows. */

import { html, nothing } from "lit";
import { createRef, ref } from "lit/directives/ref.js";

import { gettext } from "../text.js";
import { avatar } from "./avatar.js";
import { ChatElement } from "./element.js";
import { icon } from "./icons.js";

export class DialogElement extends ChatElement {
  static properties = { isOpen: { state: true }, problem: { state: true } };

  constructor() {
    super();
    this.isOpen = false;
    this.problem = "";
    this.dialog = createRef();
  }

  async show() {
    this.isOpen = true;
    this.problem = "";
    await this.updateComplete;
    this.dialog.value.showModal();
  }

  close() {
    this.dialog.value?.close();
  }

  view() {
    if (!this.isOpen) return nothing;
    return html`<dialog
      class="dialog"
      aria-label=${this.heading()}
      ${ref(this.dialog)}
      @close=${() => (this.isOpen = false)}
      @click=${(event) => this.clickOutside(event)}
    >
      <div class="dialog-head">
        <h2 dir="auto">${this.heading()}</h2>
        <button class="icon-button" aria-label=${gettext("Close")} @click=${() => this.close()}>
          ${icon("close")}
        </button>
      </div>
      ${this.problem ? this.problemView() : nothing}
      <div class="dialog-body">${this.content()}</div>
    </dialog>`;
  }

  problemView() {
    return html`<p class="notice notice-error" role="alert">${this.problem}</p>`;
  }

  clickOutside(event) {
    if (event.target === this.dialog.value) this.close();
  }

  /** Do something that may fail, and say here why it did. True when it went well. */
  async attempt(action) {
    try {
      this.problem = "";
      await action();
      return true;
    } catch (problem) {
      this.problem = problem.message;
      return false;
    }
  }
}

/** Answers only the last question: an older answer that comes later is dropped. */
export class Search {
  constructor(ask, answered) {
    this.ask = ask;
    this.answered = answered;
    this.asked = 0;
  }

  async find(text) {
    const number = ++this.asked;
    const found = await this.ask(text.trim());
    if (number === this.asked) this.answered(found);
  }
}

export function searchField(label, find) {
  return html`<label class="dialog-search">
    <span class="visually-hidden">${label}</span>${icon("search")}
    <input
      class="input"
      type="search"
      placeholder=${label}
      autocomplete="off"
      autofocus
      @input=${(event) => find(event.target.value)}
    />
  </label>`;
}

/** Buttons that choose what is shown; `names` gives each tab its label. */
export function tabs(names, current, turnTo) {
  const tab = ([name, label]) =>
    html`<button class="tab" aria-pressed=${name === current} @click=${() => turnTo(name)}>
      ${label}
    </button>`;
  return html`<div class="tabs" role="group" aria-label=${gettext("What to show")}>
    ${Object.entries(names).map(tab)}
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

/** A button of one row among many: its name says of which. */
export function rowButton(label, name, act, look = "button-quiet") {
  return html`<button
    class="button ${look} button-small"
    aria-label=${`${label}: ${name}`}
    @click=${act}
  >
    ${label}
  </button>`;
}

export function personRow(person, action) {
  return html`<li class="row">
    ${avatar(person)}
    <span class="row-text"
      ><strong dir="auto">${person.name}</strong>
      <span class="quiet">@${person.username}</span></span
    >
    ${action}
  </li>`;
}
