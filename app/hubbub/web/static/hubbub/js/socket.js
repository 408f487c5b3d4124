/**
 * One WebSocket that comes back: connects, waits for `welcome`, pings when it is silent, reconnects
 * with backoff and jitter. Knows frames and nothing of rooms; the controller resumes on `welcome`.
 *
 * Timings are the protocol's ("Life", "Close codes"): change them there first.
 */

const WELCOME_MS = 5_000;
const PONG_MS = 10_000;
const FIRST_RETRY_MS = 1_000;
const MAX_RETRY_MS = 15_000;
const HEARTBEAT_MS = 20_000;

/** Codes of problems that pass: the same command may be sent again. */
export const PASSING = new Set(["unavailable", "rate_limited"]);

export const SIGNED_OUT = 4501;
export const BANNED = 4502;
export const TOO_MANY = 4504;

export class Socket {
  /** `on` has `frame(frame)`, `down()` (it will come back) and `ended(code)` (it will not). */
  constructor(url, on) {
    this.url = url;
    this.on = on;
    this.live = false;
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
    const ws = new WebSocket(this.url, ["hubbub.v1"]);
    this.ws = ws;
    ws.onmessage = (event) => ws === this.ws && this.receive(JSON.parse(event.data));
    ws.onclose = (event) => ws === this.ws && this.closed(event.code);
    this.watchTimer = setTimeout(() => this.giveUp(), WELCOME_MS);
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
    if (!this.send({ ...command, ref })) return Promise.resolve(null);
    return new Promise((resolve) => this.waiting.set(ref, resolve));
  }

  receive(frame) {
    if (this.live) this.heard();
    if (frame.type === "welcome") this.welcomed(frame);
    if (frame.type === "goodbye") this.retryAfterMs = frame.retry_after_ms ?? null;
    this.on.frame(frame);
    this.waiting.get(frame.ref)?.(frame);
    this.waiting.delete(frame.ref);
  }

  welcomed(frame) {
    this.live = true;
    this.failures = 0;
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

  /** Leave a socket that does not answer: a close handshake would wait for it too. */
  giveUp() {
    const { ws } = this;
    this.closed(1006);
    ws.close();
  }

  closed(code) {
    this.ws = null;
    this.live = false;
    clearTimeout(this.watchTimer);
    for (const resolve of this.waiting.values()) resolve(null);
    this.waiting.clear();
    if (code >= 4500 && code <= 4999) this.on.ended(code);
    else this.comeBack();
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
