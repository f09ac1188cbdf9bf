// Texts that the server has not confirmed yet: stored on the device, and sent again until they are confirmed.
//
// A copy is keyed by user, place (assignment or "eigen"), question and the page that wrote it. It is deleted only after
// a reply of the server to that very save; never by a click.

import { arriveOnceLoaded } from "./arrival.js";
import * as device from "./device.js";
import { decide } from "./reply.js";
import { LIMIT, length, normalise, textHash } from "./text.js";

// A prerendered page sends nothing: the user is writing on another page, perhaps this very text. Once it is visited, it
// is reloaded, since its fields show an older text.
if (document.prerendering) {
  await new Promise((resolve) => document.addEventListener("prerenderingchange", resolve, { once: true }));
  if (document.querySelector("[data-save]")) {
    location.reload();
    await new Promise(() => {});
  }
}

arriveOnceLoaded();

const PREFIX = "casusboek";
const PATIENCE = 20000; // after this time a request counts as lost
const SIGN_OUT_PATIENCE = 5000;
const KEEPALIVE_LIMIT = 60000; // bytes; browsers refuse to send more from a page that is being closed
export const user = document.body.dataset.user;
const fields = new Set(); // the answer fields of this page, which send their own text

export function keyOf(place, writer) {
  return [PREFIX, user, place, writer].join(":");
}

// Save a copy. Resolves to whether it is on disk.
export function keep(key, copy) {
  return device.keep(key, { ...copy, at: Date.now() });
}

export const { remove, settle } = device;

// Return all copies of this user, oldest first, and each after the copies that it continues: the clock may have been
// set back. With a place only those of that answer.
export async function copies(place = null) {
  const prefix = place === null ? `${PREFIX}:${user}:` : `${PREFIX}:${user}:${place}:`;
  const found = (await device.copies(prefix)).filter((copy) => typeof copy.text === "string");
  const oldestFirst = found
    .map((copy) => ({ ...copy, text: normalise(copy.text) }))
    .sort((one, other) => one.at - other.at);
  const [byKey, seen, ordered] = [new Map(oldestFirst.map((copy) => [copy.key, copy])), new Set(), []];
  const add = (copy) => {
    if (!copy || seen.has(copy.key)) return;
    seen.add(copy.key);
    earlier(copy).forEach(([key]) => add(byKey.get(key)));
    ordered.push(copy);
  };
  oldestFirst.forEach(add);
  return ordered;
}

// Return the copies of earlier pages that this one continues, as [key, seq].
function earlier({ from }) {
  return Array.isArray(from) ? from.filter(Array.isArray) : [];
}

// Return the revision that a copy is based on. If a copy that it continues was just stored, it is based on that one.
// `stored` maps key and number of such copies to their revisions.
export function revisionOf(copy, stored) {
  return Math.max(copy.revision, ...earlier(copy).map((each) => stored.get(each.join(" ")) ?? 0));
}

export function noteStored(copy, { kind, revision }, stored) {
  if (kind === "saved") stored.set(`${copy.key} ${copy.seq}`, revision);
}

// Whether a copy is complete enough to send. A copy of another version of this script may lack a value or be damaged.
export function isWhole(copy) {
  const areNumbers = [copy.revision, copy.seq].every((each) => Number.isSafeInteger(each) && each >= 0);
  return areNumbers && typeof copy.writer === "string" && /^\/(?!\/)/.test(copy.url);
}

function cookie(name) {
  const pair = document.cookie.split("; ").find((each) => each.startsWith(`${name}=`));
  return pair ? decodeURIComponent(pair.slice(name.length + 1)) : "";
}

// Send one request with a time limit. Resolves to { status, headers, body } for reply.js; the status is 0 if there was
// no reply, and the body is null if it is not JSON.
async function request(url, options) {
  const headers = { revision: null, hash: null, reason: null };
  const giveUp = new AbortController();
  const timer = setTimeout(() => giveUp.abort(), PATIENCE);
  try {
    const response = await fetch(url, {
      credentials: "same-origin",
      redirect: "error",
      signal: giveUp.signal,
      ...options,
    });
    headers.revision = response.headers.get("X-Revision");
    headers.hash = response.headers.get("X-Text-Hash");
    headers.reason = response.headers.get("X-Reason");
    const body = await response.json().catch(() => null);
    return { status: response.status, headers, body };
  } catch {
    return { status: 0, headers, body: null };
  } finally {
    clearTimeout(timer);
  }
}

// Send one POST. The CSRF token is read at this moment, since signing in again changes it.
export async function post(url, values, { keepalive = false, again = true } = {}) {
  const body = new URLSearchParams(values).toString();
  const reply = await request(url, {
    method: "POST",
    body,
    headers: {
      "Content-Type": "application/x-www-form-urlencoded;charset=UTF-8",
      "X-Requested-With": "XMLHttpRequest",
      "X-CSRFToken": cookie("csrftoken"),
      Accept: "application/json",
    },
    keepalive: keepalive && body.length < KEEPALIVE_LIMIT,
  });
  if (reply.status === 403 && reply.headers.reason === "csrf" && again) {
    await whoIsHere();
    return post(url, values, { keepalive, again: false });
  }
  return reply;
}

// Resolves to the user who is signed in now, as { user }, or null if unknown. The reply sets a fresh CSRF token.
export async function whoIsHere() {
  const { status, body } = await request("/account/wie/", { cache: "no-store" });
  return status === 200 && body !== null && "user" in body ? body : null;
}

// Send one copy. Resolves to the decision of reply.js, and whether there was no reply at all.
export async function send(copy, options) {
  if (length(copy.text) > LIMIT) return { kind: "too_long", isOffline: false };
  const { text, revision, writer, seq, extra } = copy;
  const reply = await post(copy.url, { text, revision, writer, seq, user, hash: textHash(text), ...extra }, options);
  const decision = decide({ text, writer, seq, choice: extra?.verdict, isRelease: Boolean(extra?.vrij) }, reply);
  return { ...decision, isOffline: reply.status === 0 };
}

export function enlist(field) {
  fields.add(field);
}

// Mark a copy that cannot be stored: it stays on the device, is listed as «Nog niet verzonden», and blocks no other.
export function setAside({ key, seq }, why) {
  return device.mark(key, seq ?? Infinity, { aside: why });
}

// Save a text that is no longer meant for its field: any page sends it as an earlier version («Eerdere versies»), and
// it stays on the device until it is stored. It has its own writer and no base, so the server always saves it.
export async function keepAsVersion({ key, ...copy }) {
  const writer = newWriter();
  const version = { ...copy, writer, seq: 1, revision: 0, extra: undefined, from: [], isVersion: true };
  await keep(keyOf(copy.place, writer), version);
}

export function newWriter() {
  return crypto.randomUUID?.() ?? `${Date.now()}-${Math.random().toString(36).slice(2)}`;
}

// Send every copy that belongs to no field of this page. Resolves to the copies that were not stored.
let sending = null;
export function sendAll() {
  sending ??= sendOneByOne().finally(() => {
    sending = null;
  });
  return sending;
}

const list = document.getElementById("niet-verzonden");

async function sendOneByOne() {
  const left = [];
  const here = new Set([...fields].map((field) => field.place));
  const stored = new Map();
  let isStopped = false;
  for (const copy of await copies()) {
    if (here.has(copy.place) && !copy.aside && !copy.isVersion) continue;
    if (isStopped) {
      left.push({ ...copy, why: "unsent" });
      continue;
    }
    const decision = await sendCopy(copy, stored);
    noteStored(copy, decision, stored);
    if (isDone(copy, decision)) await settle(copy.key, copy.seq);
    else left.push({ ...copy, why: decision.kind });
    isStopped = decision.isOffline || ["signed_out", "other_user"].includes(decision.kind);
  }
  document.dispatchEvent(new CustomEvent("casusboek:sent", { detail: left }));
  return left;
}

function isDone(copy, { kind }) {
  return kind === "saved" || kind === "overtaken" || (copy.isVersion && kind === "conflict");
}

// A copy that was set aside is sent again only on the page that lists unsent copies.
async function sendCopy(copy, stored) {
  if (!isWhole(copy)) return { kind: "refused" };
  if (copy.aside && !list) return { kind: copy.aside };
  const decision = await send({ ...copy, revision: revisionOf(copy, stored) });
  if (["refused", "withdrawn", "full"].includes(decision.kind) && !copy.aside) await setAside(copy, decision.kind);
  return decision;
}

// Return everything of this user that is not confirmed: texts in the fields of this page, and copies.
async function unsent() {
  const inFields = [...fields].filter((field) => field.isUnsent()).map((field) => field.asCopy());
  const known = new Set(inFields.map((copy) => copy.key));
  return [...inFields, ...(await copies()).filter((copy) => !known.has(copy.key))];
}

async function flush() {
  await Promise.all([...fields].map((field) => field.flush()));
  await sendAll();
}

// Send unsent texts before signing out; if that fails, or takes long, the user decides. No copy is deleted, and no
// field is closed, before the session is known to be over.
function guardSignOut(form, dialog) {
  const part = (name) => dialog.querySelector(`[data-${name}]`);
  let left = [];
  const ask = (isStillHere) => {
    part("unsent").hidden = left.length === 0;
    part("count").textContent = left.length;
    part("still-here").hidden = !isStillHere;
    for (const name of ["download", "stay"]) part(name).hidden = name === "download" && left.length === 0;
    part("wipe").hidden = true;
    if (!dialog.open) dialog.showModal();
  };
  const leave = async () => {
    await Promise.race([flush(), new Promise((resolve) => setTimeout(resolve, SIGN_OUT_PATIENCE))]);
    left = await unsent();
    if (left.length) ask(false);
    else signOut();
  };
  const signOut = async (wiped = []) => {
    await post(form.action, new FormData(form));
    const now = await whoIsHere();
    if (now === null || now.user) return ask(true);
    fields.forEach((field) => field.close());
    await Promise.all(wiped.map((copy) => settle(copy.key, copy.seq ?? Infinity)));
    location.assign(form.elements.next?.value || "/");
  };
  form.addEventListener("submit", (event) => {
    event.preventDefault();
    leave();
  });
  part("again").addEventListener("click", leave);
  part("stay").addEventListener("click", () => dialog.close());
  part("download").addEventListener("click", async () => {
    left = await unsent(); // more may have been typed since the dialog opened
    device.download(left);
    part("wipe").hidden = false;
    part("wipe").focus();
  });
  part("wipe").addEventListener("click", () => signOut(left));
}

const REASONS = { conflict: "conflict", refused: "refused", withdrawn: "withdrawn", too_long: "toolong", full: "full" };

// Fill «Nog niet verzonden» on /antwoorden/: the copies on this device that could not be stored, and why.
function showUnsent(left) {
  list.querySelector("ul").replaceChildren(
    ...left.map((copy) => {
      const item = list.querySelector("template").content.cloneNode(true);
      const part = (name) => item.querySelector(`[data-${name}]`);
      part("label").textContent = copy.label || "";
      part("text").textContent = copy.text;
      part("link").href = /^\/(?!\/)/.test(copy.page) ? copy.page : "/antwoorden/";
      part(`why-${REASONS[copy.why] ?? "waiting"}`).hidden = false;
      const [save, wipe] = [part("download"), part("wipe")];
      save.addEventListener("click", () => {
        device.download([copy]);
        wipe.hidden = !["refused", "withdrawn", "too_long", "full"].includes(copy.why);
      });
      wipe.addEventListener("click", async () => {
        await settle(copy.key, copy.seq ?? Infinity);
        showUnsent(left.filter((each) => each !== copy));
      });
      return item;
    }),
  );
  list.hidden = left.length === 0;
}

// Register the page that is shown when the site cannot be reached, if the site offers it.
function registerOfflinePage() {
  const { worker } = document.body.dataset;
  if (!worker) return;
  navigator.serviceWorker?.register(worker).catch(() => {
    // This fails in a private window, for example: then there is no such page, and nothing else changes.
  });
}

if (user) {
  const form = document.getElementById("uitloggen");
  const dialog = document.getElementById("niet-alles-verzonden");
  if (form && dialog) guardSignOut(form, dialog);
  if (list) document.addEventListener("casusboek:sent", (event) => showUnsent(event.detail));
  window.addEventListener("online", sendAll);
  window.addEventListener("focus", sendAll);
  // The timer lets the modules with fields enlist them first.
  setTimeout(sendAll);
  window.addEventListener("load", registerOfflinePage);
}
