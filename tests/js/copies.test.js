// What an editor typed, saved on the device: here for what a browser test cannot easily provoke.
import assert from "node:assert/strict";
import test from "node:test";

globalThis.document = { getElementById: () => null }; // a page on which nobody is signed in
const { keep } = await import("../../static/js/copies.js");

test("keep stores a copy and returns true", () => {
  const stored = {};
  globalThis.localStorage = { setItem: (key, value) => (stored[key] = value) };
  assert.equal(keep("key", { text: "words" }), true);
  assert.deepEqual(stored, { key: '{"text":"words"}' });
});

test("keep returns false where the browser refuses to store", () => {
  globalThis.localStorage = {
    setItem: () => {
      throw new Error("QuotaExceededError");
    },
  };
  assert.equal(keep("key", { text: "words" }), false);
});
