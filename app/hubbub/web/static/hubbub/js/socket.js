/**
 * One WebSocket that comes back: connects, waits for `welcome`, pings when it is silent, reconnects
 * with backoff and jitter. When the server says `goodbye`, the next socket is opened beside the old
 * one and takes over with its `welcome`, so that nobody notices. Knows frames and nothing of rooms;
 * the controller resumes on `welcome`.
 *
 * Timings are the protocol's ("Life", "Close codes"): change them there first.
 */

const WELCOME_MS = 5_000;
const PONG_MS = 10_000;
const FIRST_RETRY_MS = 1_000;
const MAX_RETRY_MS = 15_000;
const HEARTBEAT_MS = 20_000;
const NEXT_MS = 300;

/** Codes of problems that pass: the same command may be sent again. */
export const PASSING = new Set(["unavailable", "rate_limited"]);

export const SIGNED_OUT = 4501;
export const BANNED = 4502;
export const TOO_MANY = 4504;

export class Socket {
  /**
   * `on` has `frame(frame)`, `down()` (it will come back), `ended(code)` (it will not), `moved()`
   * (another socket took over), and `lost()` (one that was left has not answered everything).
   */
  constructor(url, on) {
    this.url = url;
    this.on = on;
    this.live = false;
    this.leaving = false; // the server said goodbye
    this.next = null; // opened beside the one that is left
    this.failures = 0;
    this.retryAfterMs = null;
    this.heartbeatMs = HEARTBEAT_MS;
    this.nextRef = 1;
    this.waiting = new Map();
    this.wake = () => this.connectSoon(0);
  }

  start() {
    globalThis.addEventListener?.("online", this.wake);
    this.connect();
  }

  connect() {
    clearTimeout(this.retryTimer);
    this.retryTimer = null;
    this.ws = this.open();
    this.watchTimer = setTimeout(() => this.giveUp(), WELCOME_MS);
  }

  open() {
    const ws = new WebSocket(this.url, ["hubbub.v1"]);
    ws.onmessage = (event) => this.receive(ws, JSON.parse(event.data));
    ws.onclose = (event) => this.closed(ws, event.code);
    return ws;
  }

  /** Try at once (or in `ms`) where it is waiting to come back. */
  connectSoon(ms) {
    if (!this.retryTimer) return;
    clearTimeout(this.retryTimer);
    this.retryTimer = setTimeout(() => this.connect(), ms);
  }

  /** Send a command that needs no answer. */
  send(command) {
    if (this.live) this.ws.send(JSON.stringify(command));
    return this.live;
  }

  /** Send a command; the promise gives its answer, `ok` or `problem`, or null when it was lost. */
  ask(command) {
    const ref = this.nextRef++;
    const { ws } = this;
    if (!this.send({ ...command, ref })) return Promise.resolve(null);
    return new Promise((resolve) => this.waiting.set(ref, { ws, resolve }));
  }

  receive(ws, frame) {
    if (ws === this.next && frame.type === "welcome") this.goOver();
    if (ws === this.ws) this.take(frame);
    const asked = this.waiting.get(frame.ref);
    if (asked?.ws !== ws) return;
    this.waiting.delete(frame.ref);
    asked.resolve(frame);
    this.letGo(ws);
  }

  take(frame) {
    if (this.live) this.heard();
    if (frame.type === "welcome") this.welcomed(frame);
    if (frame.type === "goodbye") this.leave(frame);
    this.on.frame(frame);
  }

  welcomed(frame) {
    this.live = true;
    this.failures = 0;
    this.retryAfterMs = null;
    this.heartbeatMs = (frame.heartbeat_seconds ?? HEARTBEAT_MS / 1000) * 1000;
    this.heard();
  }

  heard() {
    clearTimeout(this.watchTimer);
    this.watchTimer = setTimeout(() => {
      this.send({ type: "ping" });
      this.watchTimer = setTimeout(() => this.giveUp(), PONG_MS);
    }, this.heartbeatMs);
  }

  /** The server will close this socket: open the next one, unless there is no coming back. */
  leave({ code, retry_after_ms: retryAfterMs }) {
    this.retryAfterMs = retryAfterMs ?? null;
    this.leaving = this.live && !mustStayAway(code);
    this.openNext();
  }

  openNext() {
    if (this.leaving) this.next ??= this.open();
  }

  /** The next socket is welcome: everything new goes there. */
  goOver() {
    const old = this.ws;
    this.ws = this.next;
    this.next = null;
    this.leaving = false;
    this.retryAfterMs = null;
    this.on.moved();
    this.letGo(old);
  }

  /** Close a socket that was left, once all that was asked on it is answered. */
  letGo(ws) {
    const isWaitedFor = [...this.waiting.values()].some((asked) => asked.ws === ws);
    if (ws !== this.ws && ws !== this.next && !isWaitedFor) ws.close();
  }

  /** Leave a socket that does not answer: a close handshake would wait for it too. */
  giveUp() {
    const { ws } = this;
    this.closed(ws, 1006);
    ws.close();
  }

  closed(ws, code) {
    if (ws === this.next) this.nextClosed();
    else if (ws === this.ws) this.lineClosed(code);
    const lost = [...this.waiting].filter(([, asked]) => asked.ws === ws);
    for (const [ref, { resolve }] of lost) {
      this.waiting.delete(ref);
      resolve(null);
    }
    // Whoever waited hears it first.
    if (lost.length && this.live) setTimeout(() => this.on.lost());
  }

  /** It met a replica that is leaving, too, or none: there is time for another try. */
  nextClosed() {
    this.next = null;
    setTimeout(() => this.openNext(), NEXT_MS);
  }

  lineClosed(code) {
    this.live = this.leaving = false;
    clearTimeout(this.watchTimer);
    this.ws = this.next;
    this.next = null;
    if (mustStayAway(code)) this.end(code);
    else if (!this.ws) this.comeBack();
    else {
      this.watchTimer = setTimeout(() => this.giveUp(), WELCOME_MS);
      this.on.down();
    }
  }

  end(code) {
    const { ws } = this;
    this.ws = null;
    ws?.close();
    this.on.ended(code);
  }

  comeBack() {
    const limit = Math.min(MAX_RETRY_MS, FIRST_RETRY_MS * 2 ** this.failures);
    this.failures += 1;
    const wait = this.retryAfterMs ?? Math.random() * limit;
    this.retryAfterMs = null;
    this.retryTimer = setTimeout(() => this.connect(), wait);
    this.on.down();
  }
}

function mustStayAway(code) {
  return code >= 4500 && code <= 4999;
}
