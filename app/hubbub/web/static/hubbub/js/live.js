/**
 * The line to the server: the socket's frames go into the store, and the store's positions into
 * `subscribe` after every reconnect. Made by the controller, which it tells of what needs REST.
 */

import { BANNED, PASSING, SIGNED_OUT, Socket, TOO_MANY } from "./socket.js";

const RETRY_MS = 2_000;
const READ_MS = 1_000;
const TYPING_EVERY_MS = 3_000;

export class Live {
  /**
   * `on`: `resume(room)`, `loadAnew(room)`, `refresh({anew})`, `signedOut()`, `banned()`,
   * `removed(room, reason)`, `refused(room)`.
   */
  constructor(url, store, outbox, on) {
    this.store = store;
    this.outbox = outbox;
    this.on = on;
    this.socket = new Socket(url, {
      frame: (frame) => this.received(frame),
      down: () => this.down(),
      moved: () => this.store.dispatch({ type: "page.moved" }),
      lost: () => this.outbox.flush(),
      ended: (code) => this.ended(code),
    });
    this.reads = new Map();
    this.typedAt = -Infinity;
    this.welcomes = 0;
    this.subscribed = null;
    this.asking = false;
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
    if (timeline?.needsSubscribe && !this.asking) this.subscribe(frame.room);
    if (timeline?.needsLoad && frame.type === "subscribed") this.loadAnew(frame.room);
  }

  removed({ room, reason }) {
    if (this.subscribed === room) this.subscribed = null;
    this.on.removed(room, reason);
  }

  async welcomed(isOtherLog) {
    this.welcomes += 1;
    this.tellLine("live");
    this.subscribed = null;
    if (isOtherLog) await this.insist(() => this.on.refresh({ anew: true }));
    else this.insist(() => this.on.resume(this.store.state.open));
    this.outbox.flush();
    this.sendReads();
    // Bumps and invitations of the time without a socket: since the page was made, at first.
    if (!isOtherLog) this.insist(() => this.on.refresh({ anew: false }));
  }

  /** The log goes on where the room cannot be resumed: no position before it is loaded. */
  loadAnew(room) {
    const isWanted = () => this.store.state.timelines.get(room)?.needsLoad;
    return this.insist(() => (isWanted() ? this.on.loadAnew(room) : null));
  }

  /** Try again while nothing answers, until there is another socket, which begins by itself. */
  async insist(action) {
    const socket = this.welcomes;
    while (socket === this.welcomes) {
      try {
        return await action();
      } catch (problem) {
        if (!PASSING.has(problem.code)) return null;
        await new Promise((resolve) => setTimeout(resolve, RETRY_MS));
      }
    }
  }

  down() {
    this.subscribed = null;
    this.store.dispatch({ type: "page.disconnected" });
    this.tellLine("lost");
  }

  ended(code) {
    this.store.dispatch({ type: "page.disconnected" });
    if (code === SIGNED_OUT) this.on.signedOut();
    else if (code === BANNED) this.on.banned();
    else this.tellLine(code === TOO_MANY ? "elsewhere" : "outdated");
  }

  tellLine(line) {
    this.store.dispatch({ type: "page.line", line });
  }

  /** Connect again after another window took this one's place. */
  useHere() {
    this.tellLine("connecting");
    this.socket.connect();
  }

  /** Follow the room that the page shows, and no other: what was asked for may come late. */
  show(room) {
    if (this.store.state.open !== room || this.subscribed === room) return;
    if (this.subscribed) this.socket.ask({ type: "unsubscribe", room: this.subscribed });
    this.subscribed = null;
    if (this.store.state.timelines.get(room)?.loaded) this.subscribe(room);
  }

  async subscribe(room) {
    if (this.store.state.open !== room) return;
    this.subscribed = room;
    const { position } = this.store.state.timelines.get(room);
    this.asking = true;
    const answer = await this.socket.ask({ type: "subscribe", rooms: { [room]: position } });
    this.asking = false;
    if (answer?.type !== "problem") return;
    if (this.subscribed === room) this.subscribed = null;
    if (!PASSING.has(answer.code)) this.on.refused(room);
    else setTimeout(() => this.show(room), (answer.retry_after ?? 0) * 1000 || RETRY_MS);
  }

  /** Send what the outbox gives; its answer, or null without a socket. */
  async deliver({ room, nonce, body, reply_to: replyTo }) {
    const command = { type: "message.send", room, nonce, body, reply_to: replyTo };
    const answer = await this.socket.ask(command);
    // The answer and the event come in either order.
    const message = answer?.message;
    if (message) this.store.dispatch({ type: "page.message", room, message });
    return answer;
  }

  edit(message, body) {
    return this.socket.ask({ type: "message.edit", message, body });
  }

  delete(message) {
    return this.socket.ask({ type: "message.delete", message });
  }

  read(room, number) {
    this.reads.set(room, number);
    this.readTimer ??= setTimeout(() => this.sendReads(), READ_MS);
  }

  /** Read marks may wait a second, and a lost one is told again after the reconnect. */
  sendReads() {
    clearTimeout(this.readTimer);
    this.readTimer = null;
    for (const [room, number] of this.reads) {
      this.socket.ask({ type: "read", room, number }).then((answer) => {
        if (answer && this.reads.get(room) === number) this.reads.delete(room);
      });
    }
  }

  typing(room, now) {
    if (now - this.typedAt < TYPING_EVERY_MS) return;
    if (this.socket.send({ type: "typing", room })) this.typedAt = now;
  }
}
