/** Says who is typing in the open room. */

import { nothing } from "lit";

import { openTimeline } from "../../state/selectors.js";
import { TYPING_MS } from "../../state/store.js";
import { fill, gettext, listOf, ngettext } from "../../state/text.js";
import { ChatElement } from "../shared/chat-element.js";

const MAX_TYPING_NAMES = 3;

class HubTypingIndicator extends ChatElement {
  template() {
    const names = this.typingNames();
    if (!names.length) return nothing;
    if (names.length > MAX_TYPING_NAMES) return gettext("Several people are typing…");
    const text = ngettext("%(names)s is typing…", "%(names)s are typing…", names.length);
    return fill(text, { names: listOf(names) });
  }

  typingNames() {
    const now = Date.now();
    const entries = [...(openTimeline(this.state)?.typing.values() ?? [])];
    return entries.filter((entry) => now - entry.at < TYPING_MS).map((entry) => entry.name);
  }
}

customElements.define("hub-typing-indicator", HubTypingIndicator);
