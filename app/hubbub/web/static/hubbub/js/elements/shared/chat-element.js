/**
 * The base of all elements. They render into the light DOM, so that the page's style sheets apply,
 * and render again after every change of the store. Set `chat`, the controller, before an element
 * shows anything.
 */

import { LitElement, nothing } from "lit";

export class ChatElement extends LitElement {
  static properties = { chat: { attribute: false } };

  createRenderRoot() {
    return this;
  }

  connectedCallback() {
    super.connectedCallback();
    this.listenToStore();
  }

  disconnectedCallback() {
    super.disconnectedCallback();
    this.stopListening?.();
    this.stopListening = null;
  }

  willUpdate(changed) {
    if (changed.has("chat")) this.listenToStore();
  }

  listenToStore() {
    this.stopListening?.();
    this.stopListening = this.chat?.store.listen(() => this.requestUpdate());
  }

  get state() {
    return this.chat.store.state;
  }

  /** Subclasses define `template()`; it is called once `chat` is set. */
  render() {
    return this.chat ? this.template() : nothing;
  }

  navigate(room, seq = null) {
    this.chat.dispatchEvent(new CustomEvent("navigate", { detail: { room, seq } }));
  }

  /** Have the page open the dialog `hub-${name}`. */
  openDialog(name) {
    this.dispatchEvent(new CustomEvent("open-dialog", { detail: name, bubbles: true }));
  }

  /** Have the page open a drawer, "sidebar" or "presence"; null closes the open one. */
  setDrawer(name) {
    this.dispatchEvent(new CustomEvent("set-drawer", { detail: name, bubbles: true }));
  }
}
