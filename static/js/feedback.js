// The feedback desk: keyboard navigation between answers, the comment bank, and the names of other teachers who are
// writing. The texts are saved by writing.js, like any other text.

import { announce } from "./announcements.js";
import { post } from "./outbox.js";
import { all } from "./writing.js";

const desk = document.getElementById("lezen");
const replies = [...document.querySelectorAll("[data-reply]")];
const fieldOf = (reply) => all.find((field) => reply.contains(field.element));
const isTyping = (element) => element.matches("textarea, select, input:not([type=checkbox], [type=radio])");
const EVERY = 10000;

// --- Moving between answers ---

function here() {
  return document.activeElement.closest?.("[data-reply]") ?? null;
}

// Put the current answer in the address: a reload, or Back, returns to the same answer in the same order.
function remember(reply) {
  const address = new URL(desk.dataset.address, location.href);
  address.hash = reply.id;
  history.replaceState(null, "", address);
}

function goTo(reply, { field = false } = {}) {
  remember(reply);
  (field ? fieldOf(reply).area : reply).focus({ preventScroll: true });
  reply.scrollIntoView({ block: "start" });
}

function move(step, options) {
  const at = here() ?? lastAt;
  const index = at ? replies.indexOf(at) + step : step > 0 ? 0 : replies.length - 1;
  if (replies[index]) return goTo(replies[index], options);
  const onward = [...document.querySelectorAll(step > 0 ? "a[rel=next]" : "a[rel=prev]")].at(-1);
  // Never focus a button: a user who presses Enter next means the field.
  (onward ?? (step > 0 ? document.getElementById("vrijgeven") : at))?.focus();
  return undefined;
}

let lastAt = replies.find((reply) => `#${reply.id}` === location.hash) ?? null;
desk?.addEventListener("focusin", () => {
  lastAt = here() ?? lastAt;
});

// The first verdict means only that the answer was read.
function defaultVerdict(field) {
  return field.choices[0].value;
}

// Saving without a text means that the answer was read.
function withVerdict(field) {
  if (!field.choice) field.choose(defaultVerdict(field));
  field.typed();
}

// Whether a text with a question has only the default verdict, which a pause in typing saves. Then the panel asks for
// one, once: the same act again means the default.
function asksForVerdict(reply, field) {
  const shown = reply.querySelector("[data-asks]");
  if (shown || hasChosen(reply) || !field.text.includes("?")) {
    shown?.remove();
    reply.dataset.chosen = "";
    return false;
  }
  const notice = document.getElementById("vraagt").content.cloneNode(true).firstElementChild;
  reply.querySelector(".panel__acts").before(notice);
  notice.querySelector("button").addEventListener("click", () => saveAndNext(reply, { asksAgain: true }));
  notice.querySelector("[data-said]").textContent = notice.dataset.words;
  return true;
}

// Whether the teacher chose the verdict, here or before this page was made.
function hasChosen(reply) {
  return "chosen" in reply.dataset || reply.querySelector("[name=verdict][checked]") !== null;
}

// With `asksAgain` the verdict is the one that asks the student for a new version.
function saveAndNext(reply, { asksAgain = false } = {}) {
  const field = fieldOf(reply);
  if (asksAgain) choose(reply.querySelector("[data-again]"));
  if (asksForVerdict(reply, field)) return void field.flush();
  withVerdict(field);
  field.flush();
  move(1, { field: true });
}

async function release(reply) {
  const field = fieldOf(reply);
  if (asksForVerdict(reply, field)) return void field.flush();
  withVerdict(field);
  await field.release(); // if it fails, the save line says why
}

replies.forEach((reply) => {
  const form = reply.querySelector("[data-feedback]");
  form.addEventListener("submit", (event) => {
    event.preventDefault();
    if (event.submitter?.name === "vrij") release(reply);
    else saveAndNext(reply);
  });
  reply.addEventListener("casusboek:saved", (event) => {
    offer(reply, event.detail);
    reply.querySelector("[data-undo]").hidden = !event.detail.may_undo;
    undo.elements.klaar.value = event.detail.unreleased ? "ja" : "nee";
    countReady(event.detail);
    if (event.detail.verdict) countAsRead(reply);
  });
  const undo = document.getElementById(`terug-${reply.dataset.reply}`);
  undo.addEventListener("submit", async (event) => {
    const field = fieldOf(reply);
    if (!field.isUnsent()) return; // save the typed text first: undoing makes it an earlier version
    event.preventDefault();
    await field.flush();
    if (!field.isUnsent()) undo.submit();
  });
  reply.addEventListener("focusin", () => openBank(reply), { once: true });
});

// --- The numbers of unread answers: of this question or student, and of the assignment ---

function countAsRead(reply) {
  const badge = reply.querySelector("[data-unread]");
  if (!badge) return; // it was read when the page was made, or counted at an earlier save
  badge.remove();
  const tab = document.querySelector(".qnav [aria-current] [data-count]");
  for (const number of [tab, document.querySelector("[data-to-read]")]) {
    if (number) number.textContent = Math.max(0, Number(number.textContent) - 1);
  }
  tab?.parentElement.classList.toggle("count--none", tab.textContent === "0");
  const line = document.querySelector("[data-read]");
  line.dataset.read = Number(line.dataset.read) + 1;
  line.textContent = line.dataset.words.replace("[n]", line.dataset.read);
}

// --- Pinning an answer for the projector ---

document.querySelectorAll("[data-pin]").forEach((form) =>
  form.addEventListener("submit", async (event) => {
    event.preventDefault();
    const isOn = event.submitter.value === "ja";
    const answer = await post(form.action, { vast: event.submitter.value });
    if (answer.status !== 204) return void submitWith(form, event.submitter); // the page that follows explains it
    const hadFocus = form.contains(document.activeElement);
    form.querySelectorAll("button").forEach((button) => (button.hidden = (button.value === "ja") === isOn));
    if (hadFocus) form.querySelector("button:not([hidden])").focus();
    const line = form.querySelector("[data-pinned]");
    line.textContent = isOn ? line.dataset.on : line.dataset.off;
  }),
);

// A form that a script submits sends no button, so the value of the button becomes a field.
function submitWith(form, { name, value }) {
  const field = document.createElement("input");
  Object.assign(field, { type: "hidden", name, value });
  form.append(field);
  form.submit();
}

// --- Releasing: the buttons send the feedback that this page shows, by id and revision ---

const pairsIn = (input) => input.value.split(" ").filter(Boolean);
const idOf = (pair) => pair.split(".")[0];
const idsIn = (input) => new Set(pairsIn(input).map(idOf));

// Update the buttons and their numbers after a save of this page. All its answers belong to each button.
function countReady({ feedback: id, revision, unreleased }) {
  if (!id) return;
  document.querySelectorAll("input[data-ready]").forEach((input) => {
    const others = pairsIn(input).filter((pair) => idOf(pair) !== String(id));
    input.value = (unreleased ? [...others, `${id}.${revision}`] : others).join(" ");
  });
  const form = document.querySelector("[data-release]");
  const count = (which) => pairsIn(form.elements[`klaar-${which}`]).length;
  const total = count("alles");
  form.querySelectorAll("button[name=wat]").forEach((button) => {
    const number = count(button.value);
    button.textContent = `${button.dataset.words} (${number})`;
    button.hidden = !number || (button.value === "hier" && number === total);
  });
  const line = form.querySelector("[data-ready-line]");
  const { none, one, more } = line.dataset;
  line.textContent = total > 1 ? more.replace("0", total) : total ? one : none;
}

// Unsaved feedback is saved before feedback is released, or set for several answers at once. The request has the
// feedback of which the button showed the number: of other feedback the next page asks whether to release it too.
document.querySelectorAll("[data-release], #selectie").forEach((form) =>
  form.addEventListener("submit", async (event) => {
    if (form.dataset.sent || !all.some((field) => field.isUnsent() || field.isBusy)) return;
    event.preventDefault();
    const shown = new Map([...form.querySelectorAll("input[data-ready]")].map((input) => [input, idsIn(input)]));
    await Promise.all(all.map((field) => field.flush()));
    const stuck = all.find((field) => field.isUnsent() && !field.isGone);
    if (stuck) return void goTo(stuck.element.closest("[data-reply]"), { field: true }); // its save line says why
    form.dataset.sent = "1";
    for (const [input, ids] of shown)
      input.value = pairsIn(input)
        .filter((pair) => ids.has(idOf(pair)))
        .join(" ");
    setTimeout(() => form.requestSubmit(event.submitter)); // a form ignores this while it handles its first submit
  }),
);

// --- Undoing a verdict: restoring the previous one ---

const verdicts = [];
desk?.addEventListener("change", (event) => {
  if (event.target.name !== "verdict") return;
  const field = fieldOf(event.target.closest("[data-reply]"));
  verdicts.push({ field, before: field.verdictBefore ?? field.savedChoice });
  field.verdictBefore = field.choice;
  const reply = event.target.closest("[data-reply]");
  reply.dataset.chosen = "";
  reply.querySelector("[data-asks]")?.remove();
});

function undoVerdict() {
  const last = verdicts.pop();
  if (!last) return;
  const { field, before } = last;
  const reply = field.element.closest("[data-reply]");
  const isAlone = !before && !field.text; // without the verdict there is no feedback, and the answer is unread
  if (isAlone && field.isStored) return void reply.querySelector("[data-undo]").click();
  field.choose(before || (isAlone ? "" : defaultVerdict(field)));
  field.verdictBefore = field.choice;
  field.typed();
  goTo(reply);
}

function choose(radio) {
  if (radio.checked) return;
  radio.checked = true;
  radio.dispatchEvent(new Event("change", { bubbles: true }));
}

// --- The comment bank ---

const bankList = document.getElementById("zinnen");
const sentences = bankList
  ? [...bankList.children].map((item) => ({ text: item.textContent, owner: item.dataset.owner }))
  : [];
const plain = (text) => text.normalize("NFD").replace(/\p{M}/gu, "").toLowerCase();

function openBank(reply) {
  const place = reply.querySelector("[data-bank]");
  const bank = document.getElementById("bank").content.cloneNode(true).firstElementChild;
  const search = bank.querySelector("[data-bank-search]");
  search.addEventListener("input", () => {
    listSentences(reply);
    sayWhatIsFound(bank);
  });
  search.addEventListener("keydown", (event) => {
    if (event.key === "Escape") fieldOf(reply).area.focus();
    if (event.key === "Enter" && !event.isComposing) {
      event.preventDefault();
      if (!event.ctrlKey && !event.metaKey) bank.querySelector("[data-bank-list] button")?.click(); // with Ctrl: save
    }
  });
  bank.querySelector("[data-offer-keep]").addEventListener("click", () => keepOffer(reply));
  place.replaceChildren(bank);
  listSentences(reply);
}

function listSentences(reply) {
  const bank = reply.querySelector(".bank");
  const wanted = plain(bank.querySelector("[data-bank-search]").value).split(/\s+/).filter(Boolean);
  const found = sentences.filter((each) => wanted.every((word) => plain(each.text).includes(word)));
  bank.querySelector("[data-bank-list]").replaceChildren(
    ...found.slice(0, wanted.length ? 5 : 3).map((each) => {
      const item = document.createElement("li");
      const button = document.createElement("button");
      button.type = "button";
      button.textContent = each.owner ? `${each.text} (${each.owner})` : each.text;
      button.addEventListener("click", () => insert(reply, each.text));
      item.append(button);
      return item;
    }),
  );
  bank.querySelector("[data-bank-none]").hidden = found.length > 0 || !wanted.length;
}

function sayWhatIsFound(bank) {
  const found = bank.querySelectorAll("[data-bank-list] button");
  const none = bank.querySelector("[data-bank-none]");
  announce(found.length ? `${bank.dataset.first} ${found[0].textContent}` : none.textContent);
}

// Insert the text with the editing command of the browser, so that Ctrl+Z undoes it.
function insert(reply, text) {
  const { area } = fieldOf(reply);
  area.focus();
  const before = area.value.slice(0, area.selectionStart);
  const space = before && !/\s$/.test(before) ? " " : "";
  if (!document.execCommand("insertText", false, space + text)) {
    area.setRangeText(space + text, area.selectionStart, area.selectionEnd, "end");
    area.dispatchEvent(new Event("input", { bubbles: true }));
  }
}

function offer(reply, { offer: text }) {
  const line = reply.querySelector("[data-bank-offer]");
  if (!line || sentences.some((each) => each.text === text)) return;
  line.hidden = !text;
  line.querySelector("[data-offer-text]").textContent = text ?? "";
  if (text) announce(line.firstElementChild.textContent.trim());
}

async function keepOffer(reply) {
  const line = reply.querySelector("[data-bank-offer]");
  const text = line.querySelector("[data-offer-text]").textContent;
  const answer = await post(bankList.dataset.url, { text, user: document.body.dataset.user });
  if (answer.status !== 200) return;
  sentences.push({ text, owner: "" });
  document.querySelectorAll("[data-bank-offer]").forEach((each) => (each.hidden = true));
  document.querySelectorAll("[data-reply]").forEach((each) => each.querySelector(".bank") && listSentences(each));
  fieldOf(reply).area.focus();
}

// --- The panel with the question and the story ---

const story = document.getElementById("verhaal-erbij");
let storyShows = "";

async function showStory() {
  const link = document.querySelector("[data-story]");
  const key = (here() ?? lastAt)?.dataset.question;
  const address = key ? `${link.pathname}?vraag=${encodeURIComponent(key)}` : link.href;
  if (storyShows !== address) {
    const response = await fetch(address, { headers: { "X-Requested-With": "XMLHttpRequest" } }).catch(() => null);
    if (!response?.ok) return void location.assign(address);
    story
      .querySelector("[data-story-here]")
      .replaceChildren(...new DOMParser().parseFromString(await response.text(), "text/html").body.childNodes);
    storyShows = address;
  }
  story.showModal();
}

document.querySelector("[data-story]")?.addEventListener("click", (event) => {
  if (event.metaKey || event.ctrlKey) return;
  event.preventDefault();
  showStory();
});

// --- Changes in the next version: loaded when an earlier version is opened ---

async function showChanges(place) {
  const response = await fetch(place.querySelector("a").href, {
    headers: { "X-Requested-With": "XMLHttpRequest" },
  }).catch(() => null);
  if (!response?.ok || response.redirected) return; // the link remains, and its page explains the error
  place.replaceChildren(...new DOMParser().parseFromString(await response.text(), "text/html").body.childNodes);
  delete place.dataset.changes;
}

desk?.addEventListener(
  "toggle",
  ({ target }) => {
    const place = target.open && target.querySelector("[data-changes]");
    if (place) showChanges(place);
  },
  true,
);

// --- Keys ---

const keys = document.getElementById("toetsen");
const LETTERS = "casusboek-letters";
const box = keys?.querySelector("[data-keys-on]");
const stored = (() => {
  try {
    return localStorage.getItem(LETTERS);
  } catch {
    return null;
  }
})();
if (box) {
  box.checked = stored !== "uit";
  box.addEventListener("change", () => {
    try {
      localStorage.setItem(LETTERS, box.checked ? "aan" : "uit");
    } catch {
      // Without storage the choice is lost with the page.
    }
  });
}
document.querySelectorAll("[data-keys]").forEach((button) => {
  button.hidden = false;
  button.addEventListener("click", () => keys.showModal());
});
document
  .querySelectorAll("dialog [data-close]")
  .forEach((button) => button.addEventListener("click", () => button.closest("dialog").close()));

function switchWay() {
  const at = here() ?? lastAt ?? replies[0];
  if (!at) return;
  const params = new URLSearchParams(
    document.querySelector(".reading__who") ? { vraag: at.dataset.question } : { student: at.dataset.student },
  );
  params.set("antwoord", at.dataset.reply);
  params.set("sinds", desk.dataset.since);
  location.assign(`${location.pathname}?${params}#${at.id}`);
}

const LETTER = {
  j: () => move(1),
  k: () => move(-1),
  w: switchWay,
  v: showStory,
  z: undoVerdict,
  x: () => here()?.querySelector("[name=antwoord]").click(),
  l: () => here()?.querySelector("[data-pin] button:not([hidden])").click(),
  b: () => here()?.querySelector("[data-bank-search]")?.focus(),
  "?": () => keys.showModal(),
};

// The letters and digits that work in a field together with Alt. The code of a key does not depend on Alt.
function withAlt(code, reply) {
  if (code === "KeyB") return () => reply.querySelector("[data-bank-search]")?.focus();
  const verdict = code.startsWith("Digit") && reply.querySelector(`[data-key="${code.slice(5)}"]`);
  return verdict ? () => choose(verdict) : null;
}

document.addEventListener("keydown", (event) => {
  if (!desk || event.isComposing || document.querySelector("dialog[open]")) return;
  const reply = here();
  if (event.key === "Enter" && (event.ctrlKey || event.metaKey) && reply) {
    event.preventDefault();
    return void saveAndNext(reply, { asksAgain: event.shiftKey });
  }
  const inField = event.altKey && !event.ctrlKey && !event.metaKey && reply && withAlt(event.code, reply);
  if (inField) {
    event.preventDefault();
    return void inField();
  }
  if (event.key === "Escape" && reply && isTyping(event.target)) return void reply.focus();
  if (event.ctrlKey || event.metaKey || event.altKey || isTyping(event.target)) return;
  if (event.key === "Enter" && reply && (event.target === reply || event.target.matches(".messages"))) {
    event.preventDefault();
    return void fieldOf(reply).area.focus();
  }
  if (!box?.checked) return; // «?» too: users of speech input or with a tremor have the button
  const verdict = here()?.querySelector(`[data-key="${CSS.escape(event.key)}"]`);
  if (!verdict && !Object.hasOwn(LETTER, event.key)) return;
  event.preventDefault();
  if (verdict) choose(verdict);
  else LETTER[event.key]();
});

// --- The number of ticked answers ---

const selection = document.getElementById("selectie");
function countTicked() {
  const count = document.querySelectorAll("[name=antwoord]:checked").length;
  selection.hidden = count === 0;
  selection.querySelector("[data-picked]").textContent =
    `${count} ${count === 1 ? "antwoord" : "antwoorden"} aangevinkt`;
}
if (selection) {
  document.addEventListener("change", (event) => event.target.name === "antwoord" && countTicked());
  countTicked();
}

// --- Other teachers who are writing, and new submissions ---

async function lookAround() {
  if (document.visibilityState !== "visible") return;
  const query = new URLSearchParams({ sinds: desk.dataset.made });
  const response = await fetch(`${desk.dataset.now}?${query}`, {
    headers: { "X-Requested-With": "XMLHttpRequest" },
  }).catch(() => null);
  if (!response?.ok) return;
  const { writing, arrived } = await response.json();
  for (const reply of replies) {
    const line = reply.querySelector("[data-writes]");
    const name = writing[reply.dataset.reply];
    const text = name ? `${name} ${desk.dataset.writes}` : "";
    if (line.textContent !== text) line.textContent = text;
    line.hidden = !text;
  }
  if (arrived && !desk.querySelector("[data-new]")) {
    const notice = document.createElement("p");
    notice.className = "notice";
    notice.dataset.new = "";
    notice.setAttribute("role", "status");
    const link = document.createElement("a");
    const address = new URL(desk.dataset.address, location.href);
    address.searchParams.delete("pagina"); // new submissions are on the first page
    link.href = address;
    link.textContent = desk.dataset.show;
    notice.append(`${desk.dataset.arrived} `, link);
    desk.prepend(notice);
  }
}

if (desk) {
  lookAround();
  setInterval(lookAround, EVERY);
  if (lastAt) goTo(lastAt);
}
