import assert from "node:assert/strict";
import test from "node:test";
import { Announcements } from "../../static/js/announcements.js";

function start() {
  const heard = [];
  const clock = { now: 0 };
  const field = new Announcements(
    (text) => heard.push(text),
    () => clock.now,
  );
  return { heard, clock, field };
}

test("a minute of typing is announced twice at most", () => {
  const { heard, clock, field } = start();
  for (let second = 0; second < 60; second += 1) {
    clock.now = second * 1000;
    field.saved(`Opgeslagen ${second}`);
  }
  assert.deepEqual(heard, ["Opgeslagen 0"]);
  clock.now = 60_000;
  field.saved("Opgeslagen 60");
  assert.deepEqual(heard, ["Opgeslagen 0", "Opgeslagen 60"]);
});

test("leaving the field announces the last save, once", () => {
  const { heard, field } = start();
  field.saved("een");
  field.saved("twee");
  field.departed();
  field.departed();
  assert.deepEqual(heard, ["een", "twee"]);
});

test("a save that is confirmed after the field was left is announced", () => {
  const { heard, field } = start();
  field.saved("een");
  field.departed();
  field.saved("twee");
  field.entered();
  field.saved("drie");
  assert.deepEqual(heard, ["een", "twee"]);
});

test("trouble is announced at once, and again only after it was over", () => {
  const { heard, field } = start();
  field.failed("weg");
  field.failed("weg");
  field.failed("uitgelogd");
  field.saved("terug");
  field.failed("weg");
  assert.deepEqual(heard, ["weg", "uitgelogd", "terug", "weg"]);
});

test("characters left are announced at four numbers and below zero", () => {
  const { heard, field } = start();
  for (let left = 2100; left >= -5; left -= 1) field.counted(left, left);
  assert.deepEqual(heard, [2000, 500, 100, 0, -1]);
  field.counted(50, 50); // text was deleted: nothing to warn about
  assert.equal(heard.length, 5);
});

test("a long text that is pasted is announced once", () => {
  const { heard, field } = start();
  field.counted(-300, "te lang");
  assert.deepEqual(heard, ["te lang"]);
});
