/**
 * Where the reader is in the timeline: at the end and following it, or at a message that stays
 * where it is whatever grows above and below. Used by the timeline around each render.
 *
 * The browser's own scroll anchoring is off (chat-timeline.css): not all have it, and both at once
 * jump twice.
 */

const AT_END_PX = 24;
const NEAR_PX = 800;

export class Scroll {
  constructor(host) {
    this.host = host;
    this.following = true;
    this.anchor = null;
    this.resized = new ResizeObserver(() => this.restore());
  }

  get box() {
    return this.host.querySelector(".timeline-scroll");
  }

  get nearTop() {
    return this.box.scrollTop < NEAR_PX;
  }

  get nearBottom() {
    return this.toBottom() < NEAR_PX;
  }

  toBottom() {
    const { scrollHeight, scrollTop, clientHeight } = this.box;
    return scrollHeight - scrollTop - clientHeight;
  }

  stop() {
    this.resized.disconnect();
  }

  scrolled() {
    this.following = this.host.reachesNewest && this.toBottom() <= AT_END_PX;
    this.remember();
  }

  /**
   * Note the first item in sight and where it ends, before anything changes. Where it begins would
   * not do: it loses its head when the messages that it follows are loaded above it.
   */
  remember() {
    if (!this.box || this.following) return;
    const top = this.box.getBoundingClientRect().top;
    const items = [...this.box.querySelectorAll(".message")];
    const element = items.find((item) => bottomOf(item) > top);
    this.anchor = element && { element, bottom: bottomOf(element) };
  }

  /** Put the reader back where they were. */
  restore() {
    if (!this.box) return;
    if (this.following) this.toEnd();
    else if (this.anchor?.element.isConnected) {
      this.box.scrollTop += bottomOf(this.anchor.element) - this.anchor.bottom;
    }
  }

  toEnd() {
    this.following = this.host.reachesNewest;
    this.box.scrollTop = this.box.scrollHeight;
  }

  /** Begin a room: at `asked`, else where `line` is out of sight at it, else at the end. */
  begin(asked, line) {
    this.resized.observe(this.box);
    this.resized.observe(this.box.firstElementChild);
    this.toEnd();
    const isAbove = line && line.getBoundingClientRect().top < this.box.getBoundingClientRect().top;
    const goal = asked ?? (isAbove ? line : null);
    if (!goal) return;
    goal.scrollIntoView({ block: asked ? "center" : "start" });
    this.scrolled();
  }
}

function bottomOf(element) {
  return element.getBoundingClientRect().bottom;
}
