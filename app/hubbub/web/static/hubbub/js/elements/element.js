/**
 * What all elements share: light DOM, so that plain CSS reaches them, and a render after every
 * change of the store. Set `chat` before anything is shown.
 */

import { LitElement, nothing } from "lit";

export class ChatElement extends LitElement {
  static properties = { chat: { attribute: false } };

  createRenderRoot() {
    return this;
  }

  connectedCallback() {
    super.connectedCallback();
    this.follow();
  }

  disconnectedCallback() {
    super.disconnectedCallback();
    this.unlisten?.();
    this.unlisten = null;
  }

  willUpdate(changed) {
    if (changed.has("chat")) this.follow();
  }

  follow() {
    this.unlisten?.();
    this.unlisten = this.chat?.store.listen(() => this.requestUpdate());
  }

  get state() {
    return this.chat.store.state;
  }

  render() {
    return this.chat ? this.view() : nothing;
  }

  go(room, seq = null) {
    this.chat.dispatchEvent(new CustomEvent("go", { detail: { room, seq } }));
  }

  /** Have the page open a drawer or a dialog by its name, or close it: null. */
  ask(what, name) {
    this.dispatchEvent(new CustomEvent(`page-${what}`, { detail: name, bubbles: true }));
  }
}
