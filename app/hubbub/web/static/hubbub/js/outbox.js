/**
 * What a person wrote that is not known to be saved, and drafts: kept in localStorage, through
 * reloads and while offline, gone at sign-out.
 *
 * Every message has a key of its own, so that two tabs never overwrite each other's; both may send
 * one, its nonce makes it one message. One of a room is under way at a time: they stay in order.
 */

import { PREFIX } from "./kept.js";
import { PASSING } from "./socket.js";

const ANSWER_MS = 10_000;
const RETRY_MS = 2_000;

export class Outbox {
  /** `deliver(entry)` sends one and gives its answer; `changed(entries)` hears every change. */
  constructor(user, { storage, deliver, changed }) {
    this.prefix = `${PREFIX}${user}.unsent.`;
    this.storage = storage;
    this.deliver = deliver;
    this.changed = changed;
    this.busy = new Set();
    this.entries = readAll(storage, this.prefix);
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
    this.tell();
  }

  /** Send everything that waits: called whenever there is a connection again. */
  flush() {
    for (const room of new Set([...this.entries.values()].map((entry) => entry.room))) {
      this.flushRoom(room);
    }
  }

  async flushRoom(room) {
    if (this.busy.has(room)) return;
    this.busy.add(room);
    try {
      let entry = this.nextOf(room);
      while (entry && (await this.send(entry))) entry = this.nextOf(room);
    } finally {
      this.busy.delete(room);
    }
  }

  nextOf(room) {
    return this.list().find((entry) => entry.room === room && !entry.problem);
  }

  list() {
    return [...this.entries.values()].sort((one, other) => one.at - other.at);
  }

  /** Send one; true when the next may follow. */
  async send(entry) {
    const answer = await withDeadline(this.deliver(entry), ANSWER_MS);
    if (answer === null) return false;
    if (answer === undefined || isPassing(answer)) {
      await pause(answer?.retry_after ? answer.retry_after * 1000 : RETRY_MS);
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
    write(this.storage, this.prefix + entry.nonce, JSON.stringify(entry));
    this.tell();
  }

  tell() {
    this.changed(this.list());
  }
}

/** The text of each room's composer that was not sent yet. */
export class Drafts {
  constructor(user, storage) {
    this.prefix = `${PREFIX}${user}.draft.`;
    this.storage = storage;
  }

  read(room) {
    return JSON.parse(this.storage.getItem(this.prefix + room) ?? "null") ?? { body: "" };
  }

  write(room, draft) {
    if (!draft.body && !draft.replyTo) this.storage.removeItem(this.prefix + room);
    else write(this.storage, this.prefix + room, JSON.stringify(draft));
  }
}

function readAll(storage, prefix) {
  const keys = Object.keys(storage).filter((key) => key.startsWith(prefix));
  const entries = keys.map((key) => JSON.parse(storage.getItem(key)));
  return new Map(entries.map((entry) => [entry.nonce, entry]));
}

function write(storage, key, text) {
  try {
    storage.setItem(key, text);
  } catch {
    // A full storage: what is in memory is sent all the same, but does not outlive the page.
  }
}

function newNonce() {
  // crypto.randomUUID is missing where the page is served without TLS in a home network.
  const bytes = crypto.getRandomValues(new Uint8Array(16));
  return [...bytes].map((byte) => byte.toString(16).padStart(2, "0")).join("");
}

function isPassing(answer) {
  return answer.type === "problem" && PASSING.has(answer.code);
}

function withDeadline(promise, ms) {
  return Promise.race([promise, pause(ms)]);
}

function pause(ms) {
  return new Promise((resolve) => setTimeout(resolve, ms));
}
