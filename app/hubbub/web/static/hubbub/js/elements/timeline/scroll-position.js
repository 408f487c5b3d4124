/**
 * The timeline's scroll position: either at the end, following new messages, or at a message that
 * stays where it is while the timeline grows above and below. The timeline calls this around each
 * render.
 *
 * The browser's own scroll anchoring is off (chat-timeline.css): not every browser has it, and the
 * two together would scroll twice.
 */

const AT_END_PX = 24;
const NEAR_PX = 800;

export class ScrollPosition {
  constructor(host) {
    this.host = host;
    this.following = true;
    this.anchor = null;
    this.resizeObserver = new ResizeObserver(() => this.restore());
  }

  get box() {
    return this.host.querySelector(".timeline-scroll");
  }

  get nearTop() {
    return this.box.scrollTop < NEAR_PX;
  }

  get nearBottom() {
    return this.distanceToEnd() < NEAR_PX;
  }

  distanceToEnd() {
    const { scrollHeight, scrollTop, clientHeight } = this.box;
    return scrollHeight - scrollTop - clientHeight;
  }

  stop() {
    this.resizeObserver.disconnect();
  }

  scrolled() {
    this.following = this.host.includesLatest && this.distanceToEnd() <= AT_END_PX;
    this.remember();
  }

  /**
   * Before anything changes, remember the first visible message and where it ends. Where it starts
   * can change: a message loses its sender's name when earlier messages of the same group are
   * loaded.
   */
  remember() {
    if (!this.box || this.following) return;
    const top = this.box.getBoundingClientRect().top;
    const messages = [...this.box.querySelectorAll(".message")];
    const element = messages.find((message) => bottomOf(message) > top);
    this.anchor = element && { element, bottom: bottomOf(element) };
  }

  /** Scroll back to the remembered position. */
  restore() {
    if (!this.box) return;
    if (this.following) this.scrollToEnd();
    else if (this.anchor?.element.isConnected) {
      this.box.scrollTop += bottomOf(this.anchor.element) - this.anchor.bottom;
    }
  }

  scrollToEnd() {
    this.following = this.host.includesLatest;
    this.box.scrollTop = this.box.scrollHeight;
  }

  /**
   * Show a room at the requested message. Without one, show the divider if it is above the visible
   * part, or else the end.
   */
  start(requested, divider) {
    this.resizeObserver.observe(this.box);
    this.resizeObserver.observe(this.box.firstElementChild);
    this.scrollToEnd();
    const isAbove =
      divider && divider.getBoundingClientRect().top < this.box.getBoundingClientRect().top;
    const goal = requested ?? (isAbove ? divider : null);
    if (!goal) return;
    goal.scrollIntoView({ block: requested ? "center" : "start" });
    this.scrolled();
  }
}

function bottomOf(element) {
  return element.getBoundingClientRect().bottom;
}
