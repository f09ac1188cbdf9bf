// Copies of what an editor typed, on the device: the cases that a browser test cannot easily provoke.
import assert from "node:assert/strict";
import test from "node:test";

const notice = { dataset: { user: "7" } };
const elements = { "niet-opgeslagen": notice };
globalThis.document = { getElementById: (id) => elements[id] ?? null, cookie: "", querySelector: () => true };
globalThis.addEventListener = () => {};
globalThis.IDBKeyRange = { bound: () => null };
globalThis.indexedDB = {
  open: () => {
    throw new Error("SecurityError");
  },
};
const stored = {};
globalThis.localStorage = stored;
const functions = {
  setItem: (key, value) => (stored[key] = value),
  getItem: (key) => stored[key] ?? null,
  removeItem: (key) => delete stored[key],
};
for (const [name, value] of Object.entries(functions))
  Object.defineProperty(stored, name, { value, configurable: true });
const { copies, keep, keyOf, settle } = await import("../../static/js/copies.js");

test("without IndexedDB a copy is found in localStorage, and reported as not safe", async () => {
  const key = keyOf("nieuw", "a1");
  assert.equal(await keep(key, { values: { fields: {} }, seq: 3, at: 1 }), false);
  assert.deepEqual(
    (await copies("nieuw")).map((copy) => [copy.key, copy.seq]),
    [["casusboek-redactie:7:nieuw:a1", 3]],
  );
  await settle(key, 2);
  assert.equal((await copies()).length, 1);
  await settle(key, 3);
  assert.equal((await copies()).length, 0);
});

test("copies are ordered newest first, and only those of this user and this case", async () => {
  for (const [key, at] of [
    ["7:12:a", 1],
    ["7:12:b", 3],
    ["7:120:c", 2],
    ["8:12:d", 4],
  ]) {
    stored[`casusboek-redactie:${key}`] = JSON.stringify({ values: {}, seq: 1, at });
  }
  stored["casusboek-redactie:7:12:damaged"] = "{";
  assert.deepEqual(
    (await copies("12")).map((copy) => copy.at),
    [3, 1],
  );
  assert.deepEqual(
    (await copies()).map((copy) => copy.at),
    [3, 2, 1],
  );
});

test("a copy that cannot be saved deletes the older one, and is reported as not saved", async () => {
  const key = keyOf("nieuw", "b2");
  await keep(key, { values: {}, seq: 1, at: 1 });
  const refuse = () => {
    throw new Error("QuotaExceededError");
  };
  Object.defineProperty(stored, "setItem", { value: refuse });
  assert.equal(await keep(key, { values: {}, seq: 2, at: 2 }), false);
  assert.equal((await copies("nieuw")).length, 0);
});
