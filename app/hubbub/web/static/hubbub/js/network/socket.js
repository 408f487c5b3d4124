/**
 * A WebSocket that reconnects automatically: it connects, waits for `welcome`, sends a ping when
 * the server is silent, and reconnects with backoff and jitter. When the server sends `goodbye`,
 * the next socket opens beside the old one and takes over with its `welcome`, without an
 * interruption. This class knows about frames but not about rooms; `LiveUpdates` resumes on
 * `welcome`.
 *
 * The timings are the protocol's ("Keep-alive", "Close codes" in docs/protocol.md): change them there
 * first.
 */

const WELCOME_TIMEOUT_MS = 5_000;
const PONG_TIMEOUT_MS = 10_000;
const FIRST_RETRY_MS = 1_000;
const MAX_RETRY_MS = 15_000;
const PING_INTERVAL_MS = 20_000;
const NEXT_SOCKET_RETRY_MS = 300;

export const SIGNED_OUT = 4501;
export const BANNED = 4502;
export const TOO_MANY_CONNECTIONS = 4504;

export class ReconnectingSocket {
  /**
   * `on` has `frame(frame)`, `disconnected()` (it will reconnect), `ended(code)` (it won't),
   * `replaced()` (the next socket took over) and `unanswered()` (a socket closed with commands that
   * have no answer while another is connected).
   */
  constructor(url, on) {
    this.url = url;
    this.on = on;
    this.connected = false;
    this.isLeaving = false; // the server has sent `goodbye`
    this.next = null; // the socket that will take over
    this.failures = 0;
    this.retryAfterMs = null;
    this.pingIntervalMs = PING_INTERVAL_MS;
    this.nextRef = 1;
    this.pending = new Map();
    this.onOnline = () => this.connectSoon(0);
  }

  start() {
    globalThis.addEventListener?.("online", this.onOnline);
    this.connect();
  }

  connect() {
    clearTimeout(this.retryTimer);
    this.retryTimer = null;
    this.ws = this.open();
    this.deadline = setTimeout(() => this.abandon(), WELCOME_TIMEOUT_MS);
  }

  open() {
    const ws = new WebSocket(this.url, ["hubbub.v1"]);
    ws.onmessage = (event) => this.receive(ws, JSON.parse(event.data));
    ws.onclose = (event) => this.closed(ws, event.code);
    return ws;
  }

  /** If a retry is pending, reschedule it to run in `ms` milliseconds. Otherwise do nothing. */
  connectSoon(ms) {
    if (!this.retryTimer) return;
    clearTimeout(this.retryTimer);
    this.retryTimer = setTimeout(() => this.connect(), ms);
  }

  /** Send a command that needs no answer. Returns false if there is no connection. */
  send(command) {
    if (this.connected) this.ws.send(JSON.stringify(command));
    return this.connected;
  }

  /** Send a command. Resolves to its answer, `ok` or `problem`, or to null if none arrives. */
  request(command) {
    const ref = this.nextRef++;
    const { ws } = this;
    if (!this.send({ ...command, ref })) return Promise.resolve(null);
    return new Promise((resolve) => this.pending.set(ref, { ws, resolve }));
  }

  receive(ws, frame) {
    if (ws === this.next && frame.type === "welcome") this.takeOver();
    if (ws === this.ws) this.handle(frame);
    const request = this.pending.get(frame.ref);
    if (request?.ws !== ws) return;
    this.pending.delete(frame.ref);
    request.resolve(frame);
    this.closeWhenAnswered(ws);
  }

  handle(frame) {
    if (this.connected) this.resetPing();
    if (frame.type === "welcome") this.welcomed(frame);
    if (frame.type === "goodbye") this.leave(frame);
    this.on.frame(frame);
  }

  welcomed(frame) {
    this.connected = true;
    this.failures = 0;
    this.retryAfterMs = null;
    this.pingIntervalMs = (frame.heartbeat_seconds ?? PING_INTERVAL_MS / 1000) * 1000;
    this.resetPing();
  }

  /**
   * Send a ping when no frame arrives during the interval. Abandon the socket if nothing arrives
   * after the ping either.
   */
  resetPing() {
    clearTimeout(this.deadline);
    this.deadline = setTimeout(() => {
      this.send({ type: "ping" });
      this.deadline = setTimeout(() => this.abandon(), PONG_TIMEOUT_MS);
    }, this.pingIntervalMs);
  }

  /** The server will close this socket, so open the next one unless the code is final. */
  leave({ code, retry_after_ms: retryAfterMs }) {
    this.retryAfterMs = retryAfterMs ?? null;
    this.isLeaving = this.connected && !isFinal(code);
    this.openNext();
  }

  openNext() {
    if (this.isLeaving) this.next ??= this.open();
  }

  /** Send all new commands through the next socket, which has received `welcome`. */
  takeOver() {
    const old = this.ws;
    this.ws = this.next;
    this.next = null;
    this.isLeaving = false;
    this.retryAfterMs = null;
    this.on.replaced();
    this.closeWhenAnswered(old);
  }

  /** Close a replaced socket once all its requests are answered. */
  closeWhenAnswered(ws) {
    const isPending = [...this.pending.values()].some((request) => request.ws === ws);
    if (ws !== this.ws && ws !== this.next && !isPending) ws.close();
  }

  /** Drop a socket that doesn't answer, without waiting for its close handshake. */
  abandon() {
    const { ws } = this;
    this.closed(ws, 1006);
    ws.close();
  }

  closed(ws, code) {
    if (ws === this.next) this.nextClosed();
    else if (ws === this.ws) this.currentClosed(code);
    const unanswered = [...this.pending].filter(([, request]) => request.ws === ws);
    for (const [ref, { resolve }] of unanswered) {
      this.pending.delete(ref);
      resolve(null);
    }
    // Call this after the callers' promises have settled.
    if (unanswered.length && this.connected) setTimeout(() => this.on.unanswered());
  }

  /** Try again later: the next socket reached no replica, or one that is also draining. */
  nextClosed() {
    this.next = null;
    setTimeout(() => this.openNext(), NEXT_SOCKET_RETRY_MS);
  }

  currentClosed(code) {
    this.connected = this.isLeaving = false;
    clearTimeout(this.deadline);
    this.ws = this.next;
    this.next = null;
    if (isFinal(code)) this.end(code);
    else if (!this.ws) this.reconnect();
    else {
      this.deadline = setTimeout(() => this.abandon(), WELCOME_TIMEOUT_MS);
      this.on.disconnected();
    }
  }

  end(code) {
    const { ws } = this;
    this.ws = null;
    ws?.close();
    this.on.ended(code);
  }

  reconnect() {
    const limit = Math.min(MAX_RETRY_MS, FIRST_RETRY_MS * 2 ** this.failures);
    this.failures += 1;
    const wait = this.retryAfterMs ?? Math.random() * limit;
    this.retryAfterMs = null;
    this.retryTimer = setTimeout(() => this.connect(), wait);
    this.on.disconnected();
  }
}

/** Whether a client must not reconnect automatically after this close code. */
function isFinal(code) {
  return code >= 4500 && code <= 4999;
}
