/**
 * The controller: what a person does on the page becomes REST calls, commands and store events.
 * Elements call it and read its store; nothing but `page.js` makes one.
 */

import { History } from "./history.js";
import { forgetKept } from "./kept.js";
import { Live } from "./live.js";
import { Drafts, Outbox } from "./outbox.js";
import { Rest } from "./rest.js";
import { nameOf } from "./room.js";
import { Store, initialState, openRoom, openTimeline } from "./store.js";
import { fill, gettext } from "./text.js";
import { messagesOf } from "./timeline.js";

const TICK_MS = 1_000;

export class Chat extends EventTarget {
  constructor(data, { storage, socketUrl }) {
    super();
    this.login = data.login;
    this.icon = data.icon;
    this.storage = storage;
    this.store = new Store(initialState(data.me));
    this.drafts = new Drafts(data.me.id, storage);
    this.rest = new Rest({
      token: data.token,
      signedOut: () => this.goToSignIn(),
      unreachable: gettext("Hubbub cannot be reached just now. Try again in a moment."),
    });
    this.history = new History(this.rest, this.store);
    this.outbox = new Outbox(data.me.id, {
      storage,
      deliver: (entry) => this.live.deliver(entry),
      changed: (outbox) => this.store.dispatch({ type: "page.outbox", outbox }),
    });
    this.live = new Live(socketUrl, this.store, this.outbox, this.answersToLive());
    this.highlighted = data.seq;
    this.asked = null;
    this.takePage(data);
  }

  start() {
    this.live.start();
    setInterval(() => this.store.dispatch({ type: "page.ticked", now: Date.now() }), TICK_MS);
  }

  takePage({ me, rooms, room, page }) {
    forgetKept(this.storage, me.id);
    this.store.dispatch({ type: "page.rooms", rooms });
    this.store.dispatch({ type: "page.outbox", outbox: this.outbox.list() });
    this.takeRoom(room);
    this.store.dispatch({ type: "page.opened", room: room.id });
    if (page) this.store.dispatch({ type: "page.loaded", room: room.id, page, where: "fresh" });
  }

  answersToLive() {
    return {
      resume: (room) => this.resume(room),
      loadAnew: (room) => this.loadAnew(room),
      refresh: (how) => this.refresh(how),
      signedOut: () => this.goToSignIn(),
      banned: () => location.reload(),
      removed: (room, reason) => this.tellRemoved(room, reason),
      refused: (room) => this.attempt(() => this.lookAgain(room)),
    };
  }

  // Rooms

  /**
   * Show a room, at a message where `seq` is given; of several the one asked for last, whichever
   * answers last. Throws what REST answers.
   */
  async open(room, seq = null) {
    this.asked = room;
    if (!this.store.state.rooms.has(room)) {
      const info = await this.rest.get(`rooms/${room}`);
      if (this.asked !== room) return;
      this.takeRoom(info);
    }
    const isShown = this.store.state.open === room;
    if (!isShown) this.store.dispatch({ type: "page.opened", room });
    this.highlighted = seq;
    if (openRoom(this.store.state).role) await this.fill(room, seq);
    if (this.store.state.open !== room) return;
    this.dispatchEvent(new CustomEvent("shown", { detail: { room, seq } }));
  }

  /** There is a socket again: follow the open room on, or load it where that failed before. */
  async resume(room) {
    if (!openRoom(this.store.state)?.role) return;
    const { loaded, to } = this.store.state.timelines.get(room);
    // Whoever has come to the newest stays there, wherever they began.
    await this.fill(room, loaded && to === Infinity ? null : this.highlighted);
  }

  async fill(room, seq) {
    await this.history.show(room, seq);
    this.live.show(room);
  }

  takeRoom(room) {
    // An archived room is looked at, but is not one of the side's.
    const type = room.role && !room.archived_at ? "page.room" : "page.preview";
    this.store.dispatch({ type, room });
  }

  async join(room) {
    this.takeRoom(await this.rest.post(`rooms/${room}/join`));
    await this.open(room, this.store.state.open === room ? this.highlighted : null);
  }

  async create(room) {
    const made = await this.rest.post("rooms", room);
    this.takeRoom(made);
    return made.id;
  }

  async talkTo(user) {
    const room = await this.rest.post("direct", { user });
    this.takeRoom(room);
    return room.id;
  }

  async change(room, fields) {
    this.takeRoom(await this.rest.patch(`rooms/${room}`, fields));
  }

  async leave(room) {
    await this.rest.post(`rooms/${room}/leave`);
    this.store.dispatch({ type: "room.removed", room, reason: "left" });
  }

  async archive(room) {
    await this.rest.post(`rooms/${room}/archive`);
    this.store.dispatch({ type: "room.removed", room, reason: "archived" });
  }

  async restore(room) {
    this.takeRoom(await this.rest.post(`rooms/${room}/restore`));
    this.live.show(room);
  }

  async refresh({ anew }) {
    const since = [...this.store.state.rooms.keys()];
    const rooms = await this.rest.get("rooms");
    this.store.dispatch({ type: "page.rooms", rooms, since, anew });
    const { open } = this.store.state;
    if (anew && this.store.state.rooms.has(open)) await this.fill(open, null);
  }

  /** The server would not let one follow the room: see what one is in it now. */
  async lookAgain(room) {
    const info = await this.rest.get(`rooms/${room}`).catch(() => null);
    if (info?.role) this.takeRoom(info);
    else this.store.dispatch({ type: "room.removed", room, reason: "removed" });
  }

  tellRemoved(id, reason) {
    const room = this.store.state.rooms.get(id);
    if (!room || reason === "left") return;
    const text =
      reason === "archived"
        ? gettext("%(room)s was archived.")
        : gettext("You are no longer in %(room)s.");
    this.say(fill(text, { room: nameOf(room) }));
  }

  // Messages

  async loadAnew(room) {
    this.takeRoom(await this.rest.get(`rooms/${room}`));
    await this.history.load(room, {}, "fresh");
  }

  async toNewest() {
    await this.history.toNewest();
    this.highlighted = null;
  }

  send(body, replyTo = null) {
    const { open: room } = this.store.state;
    this.attempt(() => this.toNewest());
    this.outbox.add({ room, body, replyTo, at: Date.now() });
    this.drafts.write(room, { body: "" });
  }

  async edit(message, body) {
    const answer = await this.live.edit(message.id, body);
    this.takeAnswer(message.room, answer);
  }

  async delete(message) {
    this.takeAnswer(message.room, await this.live.delete(message.id));
  }

  takeAnswer(room, answer) {
    if (answer === null) throw new Error(this.rest.unreachable);
    if (answer.type === "problem") throw new Error(answer.detail);
    if (answer.message)
      this.store.dispatch({ type: "page.message", room, message: answer.message });
  }

  typing() {
    this.live.typing(this.store.state.open, Date.now());
  }

  /** Say whether the newest message is before the reader's eyes. */
  watch(watched) {
    const timeline = openTimeline(this.store.state);
    if (!timeline) return;
    this.store.dispatch({ type: "page.watched", room: timeline.room, watched });
    if (watched) this.markRead(timeline);
  }

  markRead(timeline) {
    const room = this.store.state.rooms.get(timeline.room);
    const newest = messagesOf(timeline).at(-1);
    if (!room || !newest || timeline.to !== Infinity || newest.number <= room.read) return;
    this.store.dispatch({ type: "room.read", room: room.id, number: newest.number });
    this.live.read(room.id, newest.number);
  }

  // The person

  goToSignIn() {
    location.assign(`${this.login}?${new URLSearchParams({ next: location.pathname })}`);
  }

  /** Do something that may fail; tell the person why. True when it went well. */
  async attempt(action) {
    try {
      await action();
      return true;
    } catch (problem) {
      this.say(problem.message);
      return false;
    }
  }

  say(text) {
    this.dispatchEvent(new CustomEvent("said", { detail: text }));
  }
}
