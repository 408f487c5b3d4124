/**
 * The controller: turns what the user does on the page into REST calls, commands and store events.
 * Elements call it and read its store; only `main.js` creates one.
 */

import { HistoryLoader } from "./network/history-loader.js";
import { LiveUpdates } from "./network/live-updates.js";
import { RestClient } from "./network/rest.js";
import { clearStorage } from "./state/local-storage.js";
import { Drafts, Outbox } from "./state/outbox.js";
import { nameOf } from "./state/room.js";
import { openRoom, openTimeline } from "./state/selectors.js";
import { Store, initialState } from "./state/store.js";
import { fill, gettext } from "./state/text.js";
import { messagesInWindow } from "./state/timeline.js";

const TICK_MS = 1_000;

/**
 * Dispatches `toast` (with a text to show) and `room-shown`. Elements dispatch `navigate` on it.
 */
export class ChatController extends EventTarget {
  constructor(data, { storage, socketUrl }) {
    super();
    this.login = data.login;
    this.icon = data.icon;
    this.storage = storage;
    this.store = new Store(initialState(data.me));
    this.drafts = new Drafts(data.me.id, storage);
    this.rest = new RestClient({
      token: data.token,
      onSignedOut: () => this.goToSignIn(),
      unreachable: gettext("Can't reach Hubbub. Try again in a moment."),
    });
    this.history = new HistoryLoader(this.rest, this.store);
    this.outbox = new Outbox(data.me.id, {
      storage,
      deliver: (entry) => this.liveUpdates.deliver(entry),
      onChange: (outbox) => this.store.dispatch({ type: "page.outbox_changed", outbox }),
    });
    this.liveUpdates = new LiveUpdates(socketUrl, this.store, this.outbox, this.liveHandlers());
    this.highlightedSeq = data.seq;
    this.requestedRoom = null;
    this.loadInitialData(data);
  }

  start() {
    this.liveUpdates.start();
    setInterval(() => this.store.dispatch({ type: "page.ticked", now: Date.now() }), TICK_MS);
  }

  loadInitialData({ me, rooms, room, page }) {
    clearStorage(this.storage, me.id);
    this.store.dispatch({ type: "page.rooms_loaded", rooms });
    this.store.dispatch({ type: "page.outbox_changed", outbox: this.outbox.list() });
    this.updateRoom(room);
    this.store.dispatch({ type: "page.room_opened", room: room.id });
    if (page)
      this.store.dispatch({ type: "page.messages_loaded", room: room.id, page, where: "fresh" });
  }

  liveHandlers() {
    return {
      resume: (room) => this.resume(room),
      reload: (room) => this.reload(room),
      refreshRooms: (options) => this.refreshRooms(options),
      signedOut: () => this.goToSignIn(),
      banned: () => location.reload(),
      removed: (room, reason) => this.announceRemoval(room, reason),
      refused: (room) => this.attempt(() => this.recheckRoom(room)),
    };
  }

  // Rooms

  /**
   * Show a room, scrolled to a message if `seq` is given. When several calls overlap, the last one
   * wins, even if its answer arrives first. Throws the problem that REST returned.
   */
  async open(room, seq = null) {
    this.requestedRoom = room;
    if (!this.store.state.rooms.has(room)) {
      const info = await this.rest.get(`rooms/${room}`);
      if (this.requestedRoom !== room) return;
      this.updateRoom(info);
    }
    const isShown = this.store.state.open === room;
    if (!isShown) this.store.dispatch({ type: "page.room_opened", room });
    this.highlightedSeq = seq;
    if (openRoom(this.store.state).role) await this.showMessages(room, seq);
    if (this.store.state.open !== room) return;
    this.dispatchEvent(new CustomEvent("room-shown", { detail: { room, seq } }));
  }

  /** After a reconnect, subscribe to the open room again, or load it if loading failed before. */
  async resume(room) {
    if (!openRoom(this.store.state)?.role) return;
    const { loaded, to } = this.store.state.timelines.get(room);
    // Users who have reached the latest message stay there, even if they opened the room at an
    // earlier one.
    await this.showMessages(room, loaded && to === Infinity ? null : this.highlightedSeq);
  }

  async showMessages(room, seq) {
    await this.history.show(room, seq);
    this.liveUpdates.show(room);
  }

  updateRoom(room) {
    // The user can look at an archived room, but the sidebar doesn't list it.
    const type = room.role && !room.archived_at ? "page.room_loaded" : "page.room_previewed";
    this.store.dispatch({ type, room });
  }

  async join(room) {
    this.updateRoom(await this.rest.post(`rooms/${room}/join`));
    await this.open(room, this.store.state.open === room ? this.highlightedSeq : null);
  }

  async create(fields) {
    const room = await this.rest.post("rooms", fields);
    this.updateRoom(room);
    return room.id;
  }

  /** Create or find the direct message with a user; returns its room. */
  async directMessage(user) {
    const room = await this.rest.post("direct", { user });
    this.updateRoom(room);
    return room.id;
  }

  async change(room, fields) {
    this.updateRoom(await this.rest.patch(`rooms/${room}`, fields));
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
    this.updateRoom(await this.rest.post(`rooms/${room}/restore`));
    this.liveUpdates.show(room);
  }

  async refreshRooms({ reset }) {
    const before = [...this.store.state.rooms.keys()];
    const rooms = await this.rest.get("rooms");
    this.store.dispatch({ type: "page.rooms_loaded", rooms, before, reset });
    const { open } = this.store.state;
    if (reset && this.store.state.rooms.has(open)) await this.showMessages(open, null);
  }

  /** After the server refused a subscription, ask it for the user's current role in the room. */
  async recheckRoom(room) {
    const info = await this.rest.get(`rooms/${room}`).catch(() => null);
    if (info?.role) this.updateRoom(info);
    else this.store.dispatch({ type: "room.removed", room, reason: "removed" });
  }

  announceRemoval(id, reason) {
    const room = this.store.state.rooms.get(id);
    if (!room || reason === "left") return;
    const text =
      reason === "archived"
        ? gettext("%(room)s was archived.")
        : gettext("You're no longer a member of %(room)s.");
    this.showToast(fill(text, { room: nameOf(room) }));
  }

  // Messages

  async reload(room) {
    this.updateRoom(await this.rest.get(`rooms/${room}`));
    await this.history.load(room, {}, "fresh");
  }

  async jumpToLatest() {
    await this.history.loadLatest();
    this.highlightedSeq = null;
  }

  send(body, replyTo = null) {
    const { open: room } = this.store.state;
    this.attempt(() => this.jumpToLatest());
    this.outbox.add({ room, body, replyTo, at: Date.now() });
    this.drafts.write(room, { body: "" });
  }

  async edit(message, body) {
    const answer = await this.liveUpdates.edit(message.id, body);
    this.applyAnswer(message.room, answer);
  }

  async delete(message) {
    this.applyAnswer(message.room, await this.liveUpdates.delete(message.id));
  }

  applyAnswer(room, answer) {
    if (answer === null) throw new Error(this.rest.unreachable);
    if (answer.type === "problem") throw new Error(answer.detail);
    const { message } = answer;
    if (message) this.store.dispatch({ type: "page.message_loaded", room, message });
  }

  typing() {
    this.liveUpdates.typing(this.store.state.open, Date.now());
  }

  /** Record whether the user sees the latest message; seeing it marks the room as read. */
  setLatestVisible(visible) {
    const timeline = openTimeline(this.store.state);
    if (!timeline) return;
    this.store.dispatch({ type: "page.latest_visibility", room: timeline.room, visible });
    if (visible) this.markRead(timeline);
  }

  markRead(timeline) {
    const room = this.store.state.rooms.get(timeline.room);
    const latest = messagesInWindow(timeline).at(-1);
    if (!room || !latest || timeline.to !== Infinity || latest.number <= room.read) return;
    this.store.dispatch({ type: "room.read", room: room.id, number: latest.number });
    this.liveUpdates.read(room.id, latest.number);
  }

  // The page

  goToSignIn() {
    location.assign(`${this.login}?${new URLSearchParams({ next: location.pathname })}`);
  }

  /** Run an action that may fail, and show the reason if it does. Returns whether it succeeded. */
  async attempt(action) {
    try {
      await action();
      return true;
    } catch (problem) {
      this.showToast(problem.message);
      return false;
    }
  }

  showToast(text) {
    this.dispatchEvent(new CustomEvent("toast", { detail: text }));
  }
}
