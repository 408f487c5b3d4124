/** The base of the dialogs: a modal `<dialog>` with a heading, an error message and a body. */

import { html, nothing } from "lit";
import { createRef, ref } from "lit/directives/ref.js";

import { gettext } from "../../state/text.js";
import { ChatElement } from "../shared/chat-element.js";
import { icon } from "../shared/icons.js";

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

  /** Subclasses define `heading()` and `content()`. */
  template() {
    if (!this.isOpen) return nothing;
    return html`<dialog
      class="dialog"
      aria-label=${this.heading()}
      ${ref(this.dialog)}
      @close=${() => (this.isOpen = false)}
      @click=${(event) => this.closeFromBackdrop(event)}
    >
      <div class="dialog-header">
        <h2 dir="auto">${this.heading()}</h2>
        <button class="icon-button" aria-label=${gettext("Close")} @click=${() => this.close()}>
          ${icon("close")}
        </button>
      </div>
      ${this.problem ? problemAlert(this.problem) : nothing}
      <div class="dialog-body">${this.content()}</div>
    </dialog>`;
  }

  closeFromBackdrop(event) {
    if (event.target === this.dialog.value) this.close();
  }

  /** Run an action that may fail, and show the reason here. Returns whether it succeeded. */
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

function problemAlert(text) {
  return html`<p class="alert alert-error" role="alert">${text}</p>`;
}
