/**
 * The timeline by keyboard: one message at a time is in the tab order, arrows move on from it, and
 * letters do what its buttons do. Made by the timeline.
 */

import { openTimeline } from "../store.js";

export class Keys {
  constructor(timeline, deeds) {
    this.timeline = timeline;
    this.deeds = deeds;
  }

  pressed(event) {
    const element = event.target.closest?.(".message[data-id]");
    if (event.target !== element) return this.leave(event);
    const act = this.meaningOf(event.key, element);
    if (!act || event.ctrlKey || event.metaKey || event.altKey) return;
    event.preventDefault();
    act();
  }

  meaningOf(key, element) {
    return {
      ArrowUp: () => this.move(element, -1),
      ArrowDown: () => this.move(element, 1),
      r: () => this.act(element, "write", (message) => this.deeds.reply(message)),
      e: () => this.act(element, "edit", (message) => this.deeds.edit(message)),
      Delete: () => this.act(element, "delete", (message) => this.deeds.askDelete(message)),
      Escape: () => this.timeline.emit("compose"),
    }[key];
  }

  leave(event) {
    if (event.key === "Escape" && !event.defaultPrevented) this.timeline.emit("compose");
  }

  move(element, step) {
    const all = [...this.timeline.querySelectorAll(".message[data-id]")];
    const next = all[all.indexOf(element) + step];
    if (next) this.focusOn(next);
    else if (step > 0) this.timeline.emit("compose");
  }

  act(element, right, act) {
    const message = openTimeline(this.timeline.state).known.get(Number(element.dataset.id));
    if (message && !message.deleted_at && this.deeds.rightsTo(message)[right]) act(message);
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
  const view = element.closest(".timeline-scroll").getBoundingClientRect();
  return box.top < view.top || box.bottom > view.bottom;
}
