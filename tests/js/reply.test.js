import assert from "node:assert/strict";
import { test } from "node:test";

import { decide, decideAll } from "../../static/js/reply.js";
import { textHash } from "../../static/js/text.js";

const TEXT = "Ik bel haar dochter.";
const STORED = "Ik ga erheen.";
const none = { revision: null, hash: null, reason: null };
const ours = (hash = null, reason = null) => ({ revision: "4", hash, reason });
const saved = { status: 200, headers: ours(textHash(TEXT)), body: { result: "saved" } };
const kind = (reply, sent = { text: TEXT }) => decide(sent, reply).kind;

test("a reply with the hash of the sent text is a save", () => {
  assert.deepEqual(decide({ text: TEXT }, saved), { kind: "saved", revision: 4, body: { result: "saved" } });
});

// Replies of a portal, a proxy, a login page or an interrupted connection.
const FOREIGN = {
  "200 with a page": { status: 200, headers: none, body: null },
  "an empty 200": { status: 200, headers: none, body: null },
  "{} with status 200": { status: 200, headers: none, body: {} },
  "a number as JSON": { status: 200, headers: ours(textHash(TEXT)), body: 1 },
  "a list as JSON": { status: 200, headers: ours(textHash(TEXT)), body: [] },
  "a 200 with the result saved without a revision": { ...saved, headers: { ...saved.headers, revision: null } },
  "a revision that is not a number": { ...saved, headers: { ...saved.headers, revision: "4; x" } },
  "a save without a hash": { ...saved, headers: ours() },
  "a save with the hash of another text": { ...saved, headers: ours(textHash(STORED)) },
  "our headers with a truncated body": { ...saved, body: null },
  "our headers with a body without a result": { ...saved, body: {} },
  204: { status: 204, headers: none, body: null },
  "a redirect": { status: 302, headers: none, body: null },
  "401 of a proxy": { status: 401, headers: none, body: null },
  "403 with a page": { status: 403, headers: none, body: null },
  "404 with a page": { status: 404, headers: none, body: null },
  407: { status: 407, headers: none, body: null },
  "409 with a page": { status: 409, headers: none, body: null },
  "409 without the stored text": { status: 409, headers: ours(textHash(STORED)), body: { result: "stale" } },
  "409 with a truncated stored text": {
    status: 409,
    headers: ours(textHash(STORED)),
    body: { result: "stale", stored: "Ik" },
  },
  "410 with a page": { status: 410, headers: none, body: null },
  "410 without a reason": { status: 410, headers: ours(), body: {} },
  "413 of nginx": { status: 413, headers: none, body: null },
  429: { status: 429, headers: none, body: { reason: "too many" } },
  "a damaged text that the server refused": { status: 400, headers: ours(), body: { result: "damaged" } },
  "400 with the result of another status": { status: 400, headers: ours(), body: { result: "not_here" } },
  "500 with our headers": { status: 500, headers: ours(textHash(TEXT)), body: { result: "saved" } },
  502: { status: 502, headers: none, body: null },
  503: { status: 503, headers: none, body: null },
  "no reply": { status: 0, headers: none, body: null },
};

for (const [name, reply] of Object.entries(FOREIGN)) {
  test(`${name} means that the text was not sent`, () => {
    assert.equal(kind(reply), "unsent");
    assert.equal(decideAll(new Map([["7", { text: TEXT }]]), reply), null);
  });
}

const OURS = {
  signed_out: { status: 401, headers: ours(), body: { result: "signed_out" } },
  other_user: { status: 409, headers: ours(), body: { result: "other_user" } },
  csrf: { status: 403, headers: ours(null, "csrf"), body: { reason: "csrf" } },
  too_long: { status: 413, headers: ours(textHash(STORED)), body: { result: "too_long" } },
  full: { status: 413, headers: ours(textHash(STORED)), body: { result: "full" } },
  withdrawn: { status: 410, headers: ours(), body: { result: "withdrawn" } },
  conflict: { status: 409, headers: ours(textHash(STORED)), body: { result: "stale", stored: STORED } },
  overtaken: { status: 200, headers: ours(textHash(STORED)), body: { result: "overtaken", stored: STORED } },
};

for (const [name, reply] of Object.entries(OURS)) {
  test(`our own reply ${name} is recognised`, () => assert.equal(kind(reply), name));
}

for (const [status, result] of [
  [400, "unreadable"],
  [403, "not_allowed"],
  [404, "not_here"],
]) {
  test(`our own reply with status ${status} is a refusal`, () =>
    assert.equal(kind({ status, headers: ours(), body: { result } }), "refused"));
}

test("the decision on a conflict has the stored text and its verdict", () => {
  const reply = { ...OURS.conflict, body: { ...OURS.conflict.body, verdict: "afgerond" } };
  const { stored, choice, revision } = decide({ text: TEXT, choice: "gelezen" }, reply);
  assert.deepEqual([stored, choice, revision], [STORED, "afgerond", 4]);
});

test("a verdict counts as saved only if the reply has the verdict that was sent", () => {
  const reply = { ...saved, body: { result: "saved", verdict: "gelezen" } };
  assert.equal(kind(reply, { text: TEXT, choice: "gelezen" }), "saved");
  assert.equal(kind(reply, { text: TEXT, choice: "afgerond" }), "unsent");
});

test("a release counts only if the reply says that nothing is unreleased", () => {
  const sent = { text: TEXT, choice: "gelezen", isRelease: true };
  const reply = (unreleased) => ({ ...saved, body: { result: "saved", verdict: "gelezen", unreleased } });
  assert.equal(kind(reply(false), sent), "saved");
  assert.equal(kind(reply(true), sent), "unsent");
  assert.equal(kind(reply(undefined), sent), "unsent");
});

// A reply of our own to an earlier save, cached by a proxy: correct except for the page or the number that it is about.
const asSent = { text: TEXT, writer: "w", seq: 3 };
for (const about of [
  {},
  { writer: "w", seq: 2 },
  { writer: "w" },
  { writer: "v", seq: 3 },
  { writer: "w", seq: "3" },
]) {
  for (const name of ["conflict", "overtaken", "saved"]) {
    test(`${name} about ${JSON.stringify(about)} is no reply to this save`, () => {
      const reply = name === "saved" ? saved : OURS[name];
      const kindWith = (more) => kind({ ...reply, body: { ...reply.body, ...more } }, asSent);
      assert.equal(kindWith(about), "unsent");
      assert.equal(kindWith({ writer: "w", seq: 3 }), name);
    });
  }
}

// --- Handing in ---

const sent = new Map([
  ["7", { text: TEXT }],
  ["8", { text: "" }],
]);
const result = (name, text, more = {}) => ({ result: name, revision: 2, hash: textHash(text), ...more });
const handIn = (results, status = 200) =>
  decideAll(sent, { status, headers: { ...none, revision: "0" }, body: { results } });

test("handing in returns a decision for every text", () => {
  const decisions = handIn({ 7: result("submitted", TEXT), 8: result("empty", "") });
  assert.deepEqual(
    [...decisions.values()].map(({ kind, result }) => [kind, result]),
    [
      ["saved", "submitted"],
      ["saved", "empty"],
    ],
  );
});

test("a reply that lacks one of the texts does not count", () => {
  assert.equal(handIn({ 7: result("submitted", TEXT) }), null);
  assert.equal(handIn({}), null);
  assert.equal(handIn(null), null);
});

test("an answer that was handed in with another text counts as unsent", () => {
  const decisions = handIn({ 7: result("submitted", STORED), 8: result("empty", "") });
  assert.equal(decisions.get("7").kind, "unsent");
});

for (const [name, expected] of [
  ["stale", "conflict"],
  ["overtaken", "overtaken"],
]) {
  test(`the decision on an answer with result ${name} has the stored text`, () => {
    const decisions = handIn({ 7: result(name, STORED, { stored: STORED }), 8: result("empty", "") }, 409);
    assert.equal(decisions.get("7").kind, expected);
    assert.equal(decisions.get("7").stored, STORED);
  });
}

for (const name of ["closed", "not_open", "left", "set_aside", "saved"]) {
  test(`an answer with result ${name} is stored`, () => {
    const decisions = handIn({ 7: result(name, TEXT), 8: result("empty", "") }, 409);
    assert.deepEqual([decisions.get("7").kind, decisions.get("7").result], ["saved", name]);
  });
}

test("an earlier reply to handing in is no reply to a later one", () => {
  const numbered = new Map([["7", { text: TEXT, writer: "w", seq: 3 }]]);
  const kindFor = (writer, seq) => {
    const body = { results: { 7: result("submitted", TEXT, { seq }) }, writer };
    return decideAll(numbered, { status: 200, headers: { ...none, revision: "0" }, body }).get("7").kind;
  };
  assert.equal(kindFor("w", 3), "saved");
  assert.equal(kindFor("w", 2), "unsent");
  assert.equal(kindFor("v", 3), "unsent");
});

test("a reply with an unknown result for an answer does not count", () => {
  assert.equal(handIn({ 7: result("vanished", TEXT), 8: result("empty", "") }), null);
});
