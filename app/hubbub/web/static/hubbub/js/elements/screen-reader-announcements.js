/**
 * The text that screen readers announce for the newest message of the open room. It is built from
 * the current state, so a deleted message is no longer announced.
 */

import { nothing } from "lit";

import { openTimeline } from "../state/selectors.js";
import { fill, gettext } from "../state/text.js";
import { messagesInWindow } from "../state/timeline.js";
import { ChatElement } from "./shared/chat-element.js";
import { textOf } from "./timeline/message.js";

class HubScreenReaderAnnouncements extends ChatElement {
  static properties = { announcedId: { state: true } };

  constructor() {
    super();
    this.announcedId = null;
  }

  listenToStore() {
    this.stopListening?.();
    this.stopListening = this.chat?.store.listen((state, before) => {
      this.announceNewMessage(state, before);
      this.requestUpdate();
    });
  }

  template() {
    const message = openTimeline(this.state)?.messages.get(this.announcedId);
    if (!message || message.deleted_at) return nothing;
    return fill(gettext("%(name)s: %(text)s"), {
      name: message.sender.name,
      text: textOf(message),
    });
  }

  /** Announce the latest message if it has just arrived in the open room from someone else. */
  announceNewMessage(state, before) {
    const [now, was] = [openTimeline(state), openTimeline(before)];
    if (!now || !was || now === was || now.room !== was.room || !was.loaded) return;
    const latest = messagesInWindow(now).at(-1);
    const latestBefore = messagesInWindow(was).at(-1)?.seq ?? 0;
    const isNew = latest && latest.seq > latestBefore && now.to === was.to;
    if (isNew && latest.sender.id !== state.me.id) this.announcedId = latest.id;
  }
}

customElements.define("hub-screen-reader-announcements", HubScreenReaderAnnouncements);
