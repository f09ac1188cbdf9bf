import assert from "node:assert/strict";
import { test } from "node:test";

import { begin, isUnsent, lineOf, maySend, reduce } from "../../static/js/save_state.js";

const value = (text, choice = "") => ({ text, choice });
const fresh = () => begin(value("Een."), 1);
const run = (state, ...events) => events.reduce(reduce, state);
const changed = (text, choice) => ({ type: "changed", value: value(text, choice) });
const sending = (state) => reduce(state, { type: "sending", value: state.value, seq: state.seq });
const replied = (state, decision) =>
  reduce(state, { type: "replied", decision, value: state.sent?.value, seq: state.sent?.seq });
const saved = (revision) => ({ kind: "saved", revision, body: {} });
const typedAndSent = (text = "Een. Twee.") => sending(reduce(fresh(), changed(text)));

test("a field is idle as long as it shows the stored text", () => {
  assert.deepEqual([fresh().phase, isUnsent(fresh()), maySend(fresh())], ["idle", false, false]);
});

test("every text gets its own number", () => {
  const state = run(fresh(), changed("a"), changed("ab"), changed("ab"), changed("abc"));
  assert.equal(state.seq, fresh().seq + 3);
});

test("text that is typed and deleted again needs no save", () => {
  assert.equal(run(fresh(), changed("Een. T"), changed("Een.")).phase, "idle");
});

test("a confirmed save makes a field idle", () => {
  const state = replied(typedAndSent(), saved(2));
  assert.deepEqual([state.phase, state.revision, state.confirmed.text], ["idle", 2, "Een. Twee."]);
});

test("text typed during a save is sent after it", () => {
  const state = replied(reduce(typedAndSent(), changed("Een. Twee. Drie.")), saved(2));
  assert.deepEqual([state.phase, state.confirmed.text, maySend(state)], ["dirty", "Een. Twee.", true]);
});

test("the stored text is unknown after a save without a reply", () => {
  const state = replied(typedAndSent(), { kind: "unsent" });
  assert.deepEqual([state.phase, state.why, state.tries, maySend(state)], ["dirty", "unsent", 1, true]);
  assert.ok(isUnsent(reduce(state, changed("Een."))), "the text before may have been overwritten");
});

test("a late reply to an earlier save does not change the state of a later one", () => {
  const first = typedAndSent("Twee.");
  const second = sending(reduce(first, changed("Drie.")));
  const later = reduce(second, { type: "replied", decision: saved(3), value: second.sent.value, seq: second.sent.seq });
  const late = reduce(later, {
    type: "replied",
    decision: { kind: "unsent" },
    value: first.sent.value,
    seq: first.sent.seq,
  });
  assert.deepEqual(late, later);
});

test("a failed earlier save does not end the sending of a later one", () => {
  const first = typedAndSent("Twee.");
  const second = sending(reduce(first, changed("Drie.")));
  const state = reduce(second, {
    type: "replied",
    decision: { kind: "unsent" },
    value: first.sent.value,
    seq: first.sent.seq,
  });
  assert.equal(state.phase, "sending");
});

test("another stored text is a conflict, and a choice ends it", () => {
  const state = replied(typedAndSent(), { kind: "conflict", revision: 5, stored: "Elders.", choice: "" });
  assert.deepEqual([state.phase, maySend(state), lineOf(state, "kept")], ["conflict", false, "conflict"]);
  const mine = reduce(state, { type: "chosen", value: state.value });
  assert.deepEqual([mine.phase, mine.revision, mine.confirmed.text], ["dirty", 5, "Elders."]);
  const stored = reduce(state, { type: "chosen", value: value("Elders.") });
  assert.deepEqual([stored.phase, stored.revision], ["idle", 5]);
});

test("a reply with the very text that the field shows is no conflict", () => {
  const state = replied(typedAndSent(), { kind: "overtaken", revision: 5, stored: "Een. Twee.", choice: "" });
  assert.deepEqual([state.phase, state.revision], ["idle", 5]);
});

test("an overtaken save shows both texts", () => {
  const state = replied(typedAndSent(), { kind: "overtaken", revision: 5, stored: "Later.", choice: "" });
  assert.equal(state.phase, "conflict");
});

test("typing is possible during a conflict", () => {
  const state = reduce(
    replied(typedAndSent(), { kind: "conflict", revision: 5, stored: "Elders.", choice: "" }),
    changed("Meer."),
  );
  assert.deepEqual([state.phase, state.value.text], ["conflict", "Meer."]);
});

for (const [kind, phase] of [
  ["other_user", "locked"],
  ["withdrawn", "gone"],
]) {
  test(`after ${kind} no save is sent`, () => {
    const state = run(replied(typedAndSent(), { kind }), changed("Nog iets."));
    assert.deepEqual([state.phase, maySend(state)], [phase, false]);
    assert.equal(reduce(state, { type: "replied", decision: saved(9), value: value("x"), seq: 99 }).phase, phase);
  });
}

for (const kind of ["too_long", "full", "refused"]) {
  test(`after ${kind} the same text is not sent again, but another text is`, () => {
    const state = replied(typedAndSent(), { kind });
    assert.equal(maySend(state), false);
    assert.equal(maySend(reduce(state, changed("Korter."))), true);
  });
}

for (const kind of ["too_long", "full", "refused"]) {
  test(`a text that was changed before the reply ${kind} may be sent`, () => {
    assert.equal(maySend(replied(reduce(typedAndSent(), changed("Korter.")), { kind })), true);
  });
}

test("the text of a user who was signed out may be sent again", () => {
  const state = replied(typedAndSent(), { kind: "signed_out" });
  assert.deepEqual([state.why, maySend(state)], ["signed_out", true]);
});

test("the field shows the choice that the server made", () => {
  const state = replied(typedAndSent(), { kind: "saved", revision: 2, body: { verdict: "gelezen" } });
  assert.deepEqual([state.value.choice, state.phase], ["gelezen", "idle"]);
});

test("a recovered text of an earlier page is the confirmed text of the field", () => {
  const state = reduce(reduce(fresh(), changed("Gisteren.")), {
    type: "recovered",
    value: value("Gisteren."),
    revision: 3,
  });
  assert.deepEqual([state.phase, state.revision], ["idle", 3]);
});

test("the save line says that a text is on the device only if it is", () => {
  const unsent = replied(typedAndSent(), { kind: "unsent" });
  const signedOut = replied(typedAndSent(), { kind: "signed_out" });
  assert.deepEqual(
    ["kept", "pending", "failed"].map((device) => lineOf(unsent, device)),
    ["waiting", "unsent", "nostorage"],
  );
  assert.deepEqual(
    ["kept", "pending", "failed"].map((device) => lineOf(signedOut, device)),
    ["signedout", "unsent", "nostorage"],
  );
});

for (const [kind, line] of [
  ["too_long", "overlong"],
  ["full", "full"],
  ["refused", "refused"],
  ["withdrawn", "withdrawn"],
]) {
  test(`the save line after ${kind} is ${line}`, () =>
    assert.equal(lineOf(replied(typedAndSent(), { kind }), "kept"), line));
}

test("the save line makes no claim while a text is typed or sent", () => {
  assert.equal(lineOf(reduce(fresh(), changed("x")), "kept"), "writing");
  assert.equal(lineOf(typedAndSent(), "kept"), "writing");
  assert.equal(lineOf(fresh(), "pending"), "");
});

test("an event does not mutate the state", () => {
  const state = Object.freeze(typedAndSent());
  for (const decision of [
    saved(2),
    { kind: "unsent" },
    { kind: "conflict", revision: 2, stored: "x", choice: "" },
    { kind: "refused" },
  ]) {
    replied(state, decision);
  }
  reduce(state, changed("y"));
  reduce(state, { type: "locked" });
});
