// The page that is shown when the site cannot be reached: it lists unsent texts on this device, and reloads the page
// that was asked for once the site responds.

import { copies, download } from "./device.js";

const EVERY = 5000;
const LONGEST = 300000;
const state = document.querySelector("[data-state]");
const isItself = location.pathname === state.dataset.address; // opened by its own address
const list = document.getElementById("op-dit-apparaat");

function cookie(name) {
  const pair = document.cookie.split("; ").find((each) => each.startsWith(`${name}=`));
  return pair ? decodeURIComponent(pair.slice(name.length + 1)) : "";
}

// --- The copies of the user who is signed in, and no others (casebook/middleware.py, user_cookie) ---

async function ownCopies(user) {
  if (!user) return [];
  const found = await Promise.all([copies(`casusboek:${user}:`), copies(`casusboek-redactie:${user}:`)]);
  return found
    .flat()
    .map(asText)
    .filter((copy) => copy.text.trim())
    .sort((one, other) => (other.at ?? 0) - (one.at ?? 0));
}

// A copy of the form of a case has values by field; only the texts among them are shown.
function asText(copy) {
  if (!copy.values) return { ...copy, text: String(copy.text ?? "") };
  const rows = Object.values(copy.values.rows ?? {}).flat();
  const texts = [copy.values.fields ?? {}, ...rows].flatMap((fields) =>
    Object.values(fields).filter((value) => /\s/.test(value)),
  );
  return { ...copy, label: copy.title, text: texts.join("\n\n") };
}

function item(copy) {
  const part = (name) => found.querySelector(`[data-${name}]`);
  const found = list.querySelector("template").content.cloneNode(true).firstElementChild;
  part("label").textContent = copy.label ?? "";
  part("when").textContent = copy.at
    ? new Date(copy.at).toLocaleString("nl-NL", { dateStyle: "long", timeStyle: "short" })
    : "";
  part("text").textContent = copy.text;
  part("download").addEventListener("click", () => download([copy]));
  part("copy").addEventListener("click", () => copyText(part("copy"), part("text")));
  return found;
}

async function copyText(button, shown) {
  try {
    await navigator.clipboard.writeText(shown.textContent);
    button.textContent = button.dataset.copied;
  } catch {
    getSelection().selectAllChildren(shown);
    button.textContent = button.dataset.byHand;
  }
}

async function show() {
  const found = await ownCopies(cookie("gebruiker"));
  list.querySelector("ul").replaceChildren(...found.map(item));
  const all = list.querySelector("[data-download]");
  all.addEventListener("click", () => download(found));
  all.closest("p").hidden = found.length < 2; // each text has its own button
  list.hidden = found.length === 0;
  document.getElementById("niets-op-dit-apparaat").hidden = found.length > 0;
}

// --- Reloading once the site responds ---

async function isBack() {
  try {
    const response = await fetch("/gezond/", { cache: "no-store", signal: AbortSignal.timeout(EVERY) });
    return response.ok && (await response.text()) === "ok"; // a captive portal responds with a page of its own
  } catch {
    return false;
  }
}

// If the site responds but the requested page does not, the page is reloaded at increasing intervals: many browsers
// that reload a slow page at once would keep it slow.
const PATIENCE = "casusboek-offline-wacht";
let nextTry = Date.now() + Number(sessionStorage.getItem(PATIENCE) ?? EVERY);

async function tryAgain() {
  if (!(await isBack())) {
    nextTry = 0; // reload as soon as the site is back
    sessionStorage.removeItem(PATIENCE);
    state.textContent = state.dataset.trying;
  } else if (isItself) {
    state.textContent = state.dataset.online;
  } else if (Date.now() < nextTry) {
    state.textContent = state.dataset.slow;
  } else {
    state.textContent = state.dataset.back;
    if (nextTry)
      sessionStorage.setItem(PATIENCE, Math.min(2 * Number(sessionStorage.getItem(PATIENCE) ?? EVERY), LONGEST));
    location.reload();
  }
}

show();
tryAgain();
setInterval(tryAgain, EVERY);
addEventListener("online", tryAgain);
addEventListener("focus", tryAgain);
const button = document.querySelector("[data-try]");
button.hidden = false;
button.addEventListener("click", () => {
  nextTry = Math.min(nextTry, 1); // a click reloads the page without delay
  tryAgain();
});
