/**
 * Keeps drafts, and messages that the server has not acknowledged yet. Both are in localStorage, so
 * that they survive reloads and lost connections, until the user signs out.
 *
 * Each message has its own key, so that two tabs never overwrite each other's entries. Both tabs
 * can send the same entry, because its nonce makes it one message. Only one message per room is in
 * flight at a time, which keeps them in order.
 */

import { TRANSIENT_CODES } from "../network/problem.js";
import { KEY_PREFIX } from "./local-storage.js";

const ANSWER_TIMEOUT_MS = 10_000;
const RETRY_MS = 2_000;

export class Outbox {
  /**
   * `deliver(entry)` sends an entry and resolves to the answer, or to null if there is no
   * connection; `onChange(entries)` is called after every change.
   */
  constructor(user, { storage, deliver, onChange }) {
    this.prefix = `${KEY_PREFIX}${user}.unsent.`;
    this.storage = storage;
    this.deliver = deliver;
    this.onChange = onChange;
    this.sendingRooms = new Set();
    this.entries = readEntries(storage, this.prefix);
  }

  add({ room, body, replyTo = null, at }) {
    const entry = { nonce: newNonce(), room, body, reply_to: replyTo, at, problem: null };
    this.put(entry);
    this.flushRoom(room);
    return entry;
  }

  retry(nonce) {
    const entry = this.entries.get(nonce);
    if (!entry) return;
    this.put({ ...entry, problem: null });
    this.flushRoom(entry.room);
  }

  remove(nonce) {
    if (!this.entries.delete(nonce)) return;
    this.storage.removeItem(this.prefix + nonce);
    this.notify();
  }

  /** Send all waiting entries. Called after every reconnect. */
  flush() {
    for (const room of new Set([...this.entries.values()].map((entry) => entry.room))) {
      this.flushRoom(room);
    }
  }

  async flushRoom(room) {
    if (this.sendingRooms.has(room)) return;
    this.sendingRooms.add(room);
    try {
      let entry = this.nextOf(room);
      while (entry && (await this.send(entry))) entry = this.nextOf(room);
    } finally {
      this.sendingRooms.delete(room);
    }
  }

  nextOf(room) {
    return this.list().find((entry) => entry.room === room && !entry.problem);
  }

  list() {
    return [...this.entries.values()].sort((one, other) => one.at - other.at);
  }

  /** Send one entry. Resolves to true when the room's next entry may follow. */
  async send(entry) {
    const answer = await withTimeout(this.deliver(entry), ANSWER_TIMEOUT_MS);
    if (answer === null) return false;
    if (answer === undefined || isTransient(answer)) {
      await sleep(answer?.retry_after ? answer.retry_after * 1000 : RETRY_MS);
      return true;
    }
    if (answer.type === "problem") this.fail(entry, answer);
    else this.remove(entry.nonce);
    return true;
  }

  fail(entry, problem) {
    if (this.entries.has(entry.nonce)) this.put({ ...entry, problem: problem.detail });
  }

  put(entry) {
    this.entries.set(entry.nonce, entry);
    store(this.storage, this.prefix + entry.nonce, JSON.stringify(entry));
    this.notify();
  }

  notify() {
    this.onChange(this.list());
  }
}

/** What the user has typed in each room's composer but not sent yet. */
export class Drafts {
  constructor(user, storage) {
    this.prefix = `${KEY_PREFIX}${user}.draft.`;
    this.storage = storage;
  }

  read(room) {
    return JSON.parse(this.storage.getItem(this.prefix + room) ?? "null") ?? { body: "" };
  }

  write(room, draft) {
    if (!draft.body && !draft.replyTo) this.storage.removeItem(this.prefix + room);
    else store(this.storage, this.prefix + room, JSON.stringify(draft));
  }
}

function readEntries(storage, prefix) {
  const keys = Object.keys(storage).filter((key) => key.startsWith(prefix));
  const entries = keys.map((key) => JSON.parse(storage.getItem(key)));
  return new Map(entries.map((entry) => [entry.nonce, entry]));
}

function store(storage, key, text) {
  try {
    storage.setItem(key, text);
  } catch {
    // The storage is full. The entry is still sent from memory, but is lost when the page is
    // closed.
  }
}

function newNonce() {
  // crypto.randomUUID needs TLS, and some home networks serve the page without it.
  const bytes = crypto.getRandomValues(new Uint8Array(16));
  return [...bytes].map((byte) => byte.toString(16).padStart(2, "0")).join("");
}

function isTransient(answer) {
  return answer.type === "problem" && TRANSIENT_CODES.has(answer.code);
}

/** Resolve to undefined if the promise has no result after `ms` milliseconds. */
function withTimeout(promise, ms) {
  return Promise.race([promise, sleep(ms)]);
}

function sleep(ms) {
  return new Promise((resolve) => setTimeout(resolve, ms));
}
