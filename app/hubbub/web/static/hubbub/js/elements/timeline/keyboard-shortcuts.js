/**
 * Keyboard access to the timeline: one message at a time is in the tab order, arrow keys move the
 * focus, and letters do what the message's buttons do. The timeline creates this.
 */

import { openTimeline } from "../../state/selectors.js";

export class KeyboardShortcuts {
  constructor(timeline, actions) {
    this.timeline = timeline;
    this.actions = actions;
  }

  keyPressed(event) {
    const element = event.target.closest?.(".message[data-id]");
    if (event.target !== element) return this.pressedInside(event);
    const run = this.shortcutOf(event.key, element);
    if (!run || event.ctrlKey || event.metaKey || event.altKey) return;
    event.preventDefault();
    run();
  }

  shortcutOf(key, element) {
    return {
      ArrowUp: () => this.move(element, -1),
      ArrowDown: () => this.move(element, 1),
      r: () => this.run(element, "write", (message) => this.actions.reply(message)),
      e: () => this.run(element, "edit", (message) => this.actions.edit(message)),
      Delete: () => this.run(element, "delete", (message) => this.actions.confirmDelete(message)),
      Escape: () => this.timeline.emit("compose"),
    }[key];
  }

  /** Handle a key in a button or an editor inside a message: only Escape moves to the composer. */
  pressedInside(event) {
    if (event.key === "Escape" && !event.defaultPrevented) this.timeline.emit("compose");
  }

  move(element, step) {
    const messages = [...this.timeline.querySelectorAll(".message[data-id]")];
    const next = messages[messages.indexOf(element) + step];
    if (next) this.focusOn(next);
    else if (step > 0) this.timeline.emit("compose");
  }

  run(element, permission, action) {
    const { messages } = openTimeline(this.timeline.state);
    const message = messages.get(Number(element.dataset.id));
    const isActive = message && !message.deleted_at;
    if (isActive && this.actions.permissionsFor(message)[permission]) action(message);
  }

  focused(event) {
    const element = event.target.closest(".message[data-id]");
    if (element) this.timeline.tabStop = Number(element.dataset.id);
  }

  focusOn(element) {
    element.tabIndex = 0;
    element.focus({ preventScroll: !isOffScreen(element) });
  }
}

function isOffScreen(element) {
  const box = element.getBoundingClientRect();
  const visible = element.closest(".timeline-scroll").getBoundingClientRect();
  return box.top < visible.top || box.bottom > visible.bottom;
}
