// The code of every page where texts are saved: answers in class and in own study, and feedback. Each text is a Field
// (field.js); this module handles the page as a whole.

import { Field, pageWriter, words } from "./field.js";
import { post, user, whoIsHere } from "./outbox.js";
import { decide, decideAll } from "./reply.js";
import { LIMIT, length, textHash } from "./text.js";

export const all = [...document.querySelectorAll("[data-save]")].map((element) => new Field(element));

document.addEventListener("casusboek:replied", ({ detail }) => {
  if (detail.phase === "locked") lock();
  else if (detail.why === "signed_out") offerSignIn();
});

const flushAll = () => Promise.all(all.map((field) => field.flush()));

// Another user is signed in now, who may not see anything of this page, and in whose name nothing may be stored.
function lock() {
  for (const field of all) {
    field.close();
    field.apply({ type: "locked" });
  }
  document.querySelectorAll("dialog[open]").forEach((each) => each.close());
  document.getElementById("inhoud").hidden = true;
  const notice = document.getElementById("iemand-anders");
  notice.hidden = false;
  notice.focus();
}

// --- Signing in again without leaving the page ---

let lastArea = null; // where the user wrote last
let caret = null; // its selection when the dialog opened
document.addEventListener("focusin", ({ target }) => {
  if (target.matches("[data-save] textarea")) lastArea = target;
});

// Open the dialog, but not while somebody writes or searches: it would get the rest of the word. Then the save line has
// a button, and leaving the field sends the text again, so that this is called again.
function offerSignIn() {
  if (!document.activeElement.matches("textarea, input:not([type=checkbox], [type=radio])")) openSignIn();
}

function openSignIn() {
  const dialog = document.getElementById("opnieuw-inloggen");
  if (!dialog || dialog.open) return;
  caret = lastArea && [lastArea.selectionStart, lastArea.selectionEnd];
  dialog.showModal();
}

// Chromium can return the focus to the field, but not the caret, and then typed text is lost.
function closeSignIn(dialog) {
  dialog.close();
  lastArea?.focus();
  lastArea?.setSelectionRange(...caret);
}

document.addEventListener("click", ({ target }) => {
  if (target.closest("[data-sign-in]")) openSignIn();
});

function signInHere(dialog) {
  const form = dialog.querySelector("form");
  const problem = dialog.querySelector("[data-problem]");
  form.addEventListener("submit", async (event) => {
    event.preventDefault();
    await whoIsHere();
    const reply = await post(form.action, new FormData(form));
    const now = reply.status === 200 || reply.status === 409 ? await whoIsHere() : null;
    if (now?.user) {
      form.reset();
      closeSignIn(dialog);
      return void (String(now.user) === user ? flushAll() : lock());
    }
    problem.textContent = reply.status === 0 ? words.offline : words.wrongpassword;
    problem.hidden = false;
  });
  dialog.querySelector("[data-later]").addEventListener("click", () => closeSignIn(dialog));
}

// --- Handing in: «ingeleverd» appears only after the reply, which is followed by loading the page again ---

function handInHere(form) {
  const note = form.querySelector("[data-hand-in-note]");
  const foot = note.nextElementSibling; // the note of a button for all answers is inserted before it
  const tell = (text, button) => {
    const question = button.closest("[id^=vraag-]");
    if (question) question.append(note);
    else form.insertBefore(note, foot);
    note.textContent = text;
    note.hidden = !text;
  };
  form.addEventListener("submit", async (event) => {
    event.preventDefault();
    const button = event.submitter;
    const wanted = button?.value ?? "niets";
    const involved = all.filter((field) => wanted === "alles" || wanted === field.element.dataset.question);
    if (!involved.length) return void flushAll();
    if (form.dataset.busy) return;
    form.dataset.busy = "1";
    button.setAttribute("aria-disabled", "true");
    const sent = new Map(involved.map((field) => [field, field.hold()]));
    await Promise.all(involved.map((field) => field.whenStill()));
    const isReady = involved.every((field) => ["idle", "dirty"].includes(field.state.phase));
    tell(isReady ? await handIn(form, wanted, sent, button) : words.notyet, button);
    involved.forEach((field) => field.letGo());
    delete form.dataset.busy;
    button.removeAttribute("aria-disabled");
  });
}

// Hand in these texts. Resolves to the message to show, or "" if all are handed in and the page is being loaded again.
async function handIn(form, wanted, sent, button) {
  const texts = new Map();
  const values = new URLSearchParams({ lever: wanted, user, writer: pageWriter });
  for (const [field, { value, seq }] of sent) {
    const id = field.element.dataset.question;
    if (length(value.text) > LIMIT) {
      field.replied({ kind: "too_long" }, value, seq);
      continue;
    }
    field.apply({ type: "sending", value, seq });
    texts.set(id, { field, value, seq, writer: pageWriter, text: value.text });
    values.set(`text-${id}`, value.text);
    values.set(`hash-${id}`, textHash(value.text));
    values.set(`base-${id}`, field.base);
    values.set(`revision-${id}`, field.state.revision);
    values.set(`seq-${id}`, seq);
  }
  if (!texts.size) return words.notyet;
  const reply = await post(form.action, values);
  const decisions = decideAll(texts, reply) ?? refusedAll(texts, reply);
  for (const [id, { field, value, seq }] of texts) field.replied(decisions.get(id), value, seq);
  const kinds = [...decisions.values()];
  if (kinds.some(({ result }) => result === "closed")) return words.closed;
  if (kinds.some(({ result }) => ["not_open", "left", "too_often"].includes(result))) return reply.body.note;
  if (kinds.every(({ kind }) => kind === "saved") && texts.size === sent.size) {
    showHandedIn(button);
    return "";
  }
  const handedIn = [...texts].filter(([id]) => decisions.get(id).result === "submitted");
  handedIn.forEach(([, { field }]) => field.showHandedIn());
  if (handedIn.length) return words.partly.replace("[n]", handedIn.length).replace("[m]", sent.size);
  return kinds.every(({ kind }) => kind === "unsent") ? words.nothandedin : words.notyet;
}

// Return one decision for all texts, for a reply about the form as a whole: signed out, another user, not allowed.
function refusedAll(texts, reply) {
  return new Map([...texts].map(([id, sent]) => [id, decide(sent, reply)]));
}

function showHandedIn(button) {
  const place = button.closest("[id^=vraag-]");
  const params = new URLSearchParams({ ingeleverd: button.value });
  location.assign(`${location.pathname}?${params}${place ? `#${place.id}` : ""}`);
}

// --- The page ---

const dialog = document.getElementById("opnieuw-inloggen");
if (dialog) signInHere(dialog);
document.querySelectorAll("form[data-hand-in]").forEach(handInHere);
document.querySelectorAll("form[data-own-study]").forEach((form) =>
  form.addEventListener("submit", (event) => {
    event.preventDefault();
    flushAll();
  }),
);
document.querySelectorAll("[data-without-script]").forEach((element) => (element.hidden = true));

const sendBeforeLeaving = () => all.forEach((field) => field.flush({ keepalive: true }));
window.addEventListener("online", flushAll);
window.addEventListener("focus", flushAll);
window.addEventListener("pagehide", sendBeforeLeaving);
document.addEventListener("visibilitychange", () => {
  if (document.visibilityState === "hidden") sendBeforeLeaving();
});
window.addEventListener("pageshow", (event) => {
  // A page from the back/forward cache is reloaded: its texts may be outdated, and another user may be signed in.
  if (event.persisted && !all.some((field) => field.isUnsent())) location.reload();
});
window.addEventListener("beforeunload", (event) => {
  // Leaving loses text only if the device stores no copies.
  if (all.some((field) => field.device === "failed" && field.isUnsent())) event.preventDefault();
});
