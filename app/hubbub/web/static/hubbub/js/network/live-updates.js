/**
 * The page's connection to the server: frames from the socket go into the store, and after every
 * reconnect the store's positions go into `subscribe`. The controller creates it and makes the REST
 * calls that it needs.
 */

import { TRANSIENT_CODES } from "./problem.js";
import { BANNED, ReconnectingSocket, SIGNED_OUT, TOO_MANY_CONNECTIONS } from "./socket.js";

const RETRY_MS = 2_000;
const READ_MARK_DELAY_MS = 1_000;
const TYPING_INTERVAL_MS = 3_000;

export class LiveUpdates {
  /**
   * `on` has `resume(room)`, `reload(room)`, `refreshRooms({reset})`, `signedOut()`, `banned()`,
   * `removed(room, reason)` and `refused(room)`.
   */
  constructor(url, store, outbox, on) {
    this.store = store;
    this.outbox = outbox;
    this.on = on;
    this.socket = new ReconnectingSocket(url, {
      frame: (frame) => this.received(frame),
      disconnected: () => this.disconnected(),
      replaced: () => this.store.dispatch({ type: "page.connection_replaced" }),
      unanswered: () => this.outbox.flush(),
      ended: (code) => this.ended(code),
    });
    this.pendingReads = new Map();
    this.typingSentAt = -Infinity;
    this.welcomes = 0;
    this.subscribed = null;
    this.isSubscribing = false;
  }

  start() {
    this.socket.start();
  }

  received(frame) {
    const { epoch } = this.store.state;
    if (frame.type === "room.removed") this.removed(frame);
    this.store.dispatch({ ...frame, now: Date.now() });
    if (frame.type === "welcome") this.welcomed(epoch !== null && epoch !== frame.epoch);
    const timeline = this.store.state.timelines.get(frame.room);
    if (timeline?.needsSubscribe && !this.isSubscribing) this.subscribe(frame.room);
    if (timeline?.needsLoad && frame.type === "subscribed") this.reload(frame.room);
  }

  removed({ room, reason }) {
    if (this.subscribed === room) this.subscribed = null;
    this.on.removed(room, reason);
  }

  async welcomed(isNewEpoch) {
    this.welcomes += 1;
    this.setConnection("connected");
    this.subscribed = null;
    if (isNewEpoch) await this.retrying(() => this.on.refreshRooms({ reset: true }));
    else this.retrying(() => this.on.resume(this.store.state.open));
    this.outbox.flush();
    this.sendReads();
    // The page missed bumps and invitations while it had no connection, or since it was rendered.
    if (!isNewEpoch) this.retrying(() => this.on.refreshRooms({ reset: false }));
  }

  /** Load a room that can't be resumed. The room's position doesn't change until then. */
  reload(room) {
    const isNeeded = () => this.store.state.timelines.get(room)?.needsLoad;
    return this.retrying(() => (isNeeded() ? this.on.reload(room) : null));
  }

  /**
   * Retry an action while the server doesn't answer. The next `welcome` ends these retries, because
   * it starts such actions again.
   */
  async retrying(action) {
    const welcome = this.welcomes;
    while (welcome === this.welcomes) {
      try {
        return await action();
      } catch (problem) {
        if (!TRANSIENT_CODES.has(problem.code)) return null;
        await new Promise((resolve) => setTimeout(resolve, RETRY_MS));
      }
    }
  }

  disconnected() {
    this.subscribed = null;
    this.store.dispatch({ type: "page.disconnected" });
    this.setConnection("lost");
  }

  ended(code) {
    this.store.dispatch({ type: "page.disconnected" });
    if (code === SIGNED_OUT) this.on.signedOut();
    else if (code === BANNED) this.on.banned();
    else this.setConnection(code === TOO_MANY_CONNECTIONS ? "replaced" : "outdated");
  }

  setConnection(connection) {
    this.store.dispatch({ type: "page.connection_changed", connection });
  }

  /** Connect again after other windows replaced this one. */
  reconnectHere() {
    this.setConnection("connecting");
    this.socket.connect();
  }

  /** Subscribe to the room that the page shows, and unsubscribe from the previous room. */
  show(room) {
    // The caller waited until the room was loaded. The user may have opened another room since
    // then.
    if (this.store.state.open !== room || this.subscribed === room) return;
    if (this.subscribed) this.socket.request({ type: "unsubscribe", room: this.subscribed });
    this.subscribed = null;
    if (this.store.state.timelines.get(room)?.loaded) this.subscribe(room);
  }

  async subscribe(room) {
    if (this.store.state.open !== room) return;
    this.subscribed = room;
    const { position } = this.store.state.timelines.get(room);
    this.isSubscribing = true;
    const answer = await this.socket.request({ type: "subscribe", rooms: { [room]: position } });
    this.isSubscribing = false;
    if (answer?.type !== "problem") return;
    if (this.subscribed === room) this.subscribed = null;
    if (!TRANSIENT_CODES.has(answer.code)) this.on.refused(room);
    else setTimeout(() => this.show(room), (answer.retry_after ?? 0) * 1000 || RETRY_MS);
  }

  /** Send an entry of the outbox; resolves to the answer, or to null if there is no connection. */
  async deliver({ room, nonce, body, reply_to: replyTo }) {
    const command = { type: "message.send", room, nonce, body, reply_to: replyTo };
    const answer = await this.socket.request(command);
    // The answer and the event can arrive in either order.
    const message = answer?.message;
    if (message) this.store.dispatch({ type: "page.message_loaded", room, message });
    return answer;
  }

  edit(message, body) {
    return this.socket.request({ type: "message.edit", message, body });
  }

  delete(message) {
    return this.socket.request({ type: "message.delete", message });
  }

  read(room, number) {
    this.pendingReads.set(room, number);
    this.readTimer ??= setTimeout(() => this.sendReads(), READ_MARK_DELAY_MS);
  }

  /**
   * Send the read marks that have been collected for up to a second. Marks that get lost are sent
   * again after a reconnect.
   */
  sendReads() {
    clearTimeout(this.readTimer);
    this.readTimer = null;
    for (const [room, number] of this.pendingReads) {
      this.socket.request({ type: "read", room, number }).then((answer) => {
        if (answer && this.pendingReads.get(room) === number) this.pendingReads.delete(room);
      });
    }
  }

  typing(room, now) {
    if (now - this.typingSentAt < TYPING_INTERVAL_MS) return;
    if (this.socket.send({ type: "typing", room })) this.typingSentAt = now;
  }
}
