/** The outbox: unsent messages survive a reload, stay in order, and are sent once. */

import assert from "node:assert/strict";
import { webcrypto } from "node:crypto";
import { test } from "node:test";

import {
  KEY_PREFIX,
  clearStorage,
} from "../../../../app/hubbub/web/static/hubbub/js/state/local-storage.js";
import { Drafts, Outbox } from "../../../../app/hubbub/web/static/hubbub/js/state/outbox.js";

/** Like localStorage: the keys are the object's own properties, and the methods are not. */
function fakeStorage() {
  return Object.create({
    getItem(key) {
      return this[key] ?? null;
    },
    setItem(key, text) {
      this[key] = text;
    },
    removeItem(key) {
      delete this[key];
    },
  });
}

function outboxOf(storage, deliver) {
  return new Outbox(1, { storage, deliver, onChange: () => {} });
}

globalThis.crypto ??= webcrypto; // node 18 has no global `crypto`
const { setTimeout } = globalThis;
const settled = () => new Promise((resolve) => setTimeout(resolve));
// The outbox's own timeouts, of ten seconds, must not keep node running.
globalThis.setTimeout = (callback, ms) => setTimeout(callback, ms).unref();

test("messages of a room are sent one after the other, in order", async () => {
  const sent = [];
  const answers = [];
  const outbox = outboxOf(fakeStorage(), (entry) => {
    sent.push(entry.body);
    return new Promise((resolve) => answers.push(resolve));
  });
  outbox.add({ room: 7, body: "first", at: 1 });
  outbox.add({ room: 7, body: "second", at: 2 });
  await settled();
  assert.deepEqual(sent, ["first"]);
  answers[0]({ type: "ok" });
  await settled();
  assert.deepEqual(sent, ["first", "second"]);
  answers[1]({ type: "ok" });
  await settled();
  assert.deepEqual(outbox.list(), []);
});

test("an unsent message survives a reload and is gone once it is saved", async () => {
  const storage = fakeStorage();
  outboxOf(storage, async () => null).add({ room: 7, body: "from the train", at: 1 });
  await settled();
  const reloaded = outboxOf(storage, async () => ({ type: "ok" }));
  assert.deepEqual(
    reloaded.list().map((entry) => entry.body),
    ["from the train"],
  );
  reloaded.flush();
  await settled();
  assert.deepEqual(reloaded.list(), []);
  assert.deepEqual(Object.keys(storage), []);
});

test("a refused message stays with the reason and doesn't block the next one", async () => {
  const refuse = { type: "problem", code: "forbidden", detail: "This room is archived." };
  const outbox = outboxOf(fakeStorage(), async ({ body }) => (body === "no" ? refuse : {}));
  outbox.add({ room: 7, body: "no", at: 1 });
  outbox.add({ room: 7, body: "yes", at: 2 });
  await settled();
  assert.deepEqual(
    outbox.list().map(({ body, problem }) => [body, problem]),
    [["no", "This room is archived."]],
  );
});

test("clearing the storage keeps one user's entries and what isn't ours", () => {
  const storage = fakeStorage();
  new Drafts(1, storage).write(7, { body: "mine" });
  new Drafts(12, storage).write(7, { body: "another user's" });
  storage.setItem("theme", "dark");
  clearStorage(storage, 1);
  assert.deepEqual(Object.keys(storage), [`${KEY_PREFIX}1.draft.7`, "theme"]);
  clearStorage(storage);
  assert.deepEqual(Object.keys(storage), ["theme"]);
});
