import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { test } from "node:test";

import { length, normalise, textHash } from "../../static/js/text.js";

const vectors = JSON.parse(readFileSync(new URL("../casebook/lib/text_vectors.json", import.meta.url), "utf8"));

const whole = (text) => (typeof text === "string" ? text : text.of.repeat(text.repeat));

for (const { name, sent, normalised, hash } of vectors) {
  test(`the page normalises and hashes like the server: ${name}`, () => {
    assert.equal(normalise(whole(sent)), whole(normalised));
    assert.equal(textHash(whole(normalised)), hash);
  });
}

test("the table has at least twenty examples", () => assert.ok(vectors.length >= 20));

test("a character outside the basic multilingual plane counts as one", () => assert.equal(length("a👩🏽b"), 4));

test("the hash of the longest text is exact", () => {
  assert.ok(Number.isSafeInteger(Number(textHash("\u{10FFFF}".repeat(20000)))));
});
