// Unsaved text of the form of a case: stored on this device until the server has confirmed that this very text is in
// the database. Every page of the admin loads this module, so that editors are reminded of unsaved text.
//
// A copy is keyed by user, case (or "nieuw") and the page that wrote it, and is in both stores of device.js. The
// server confirms in a cookie that names that page and its last save (cases/admin/case.py, confirm_device_copies).

import * as device from "./device.js";

const PREFIX = "casusboek-redactie";
const CONFIRMED = "casusboek-opgeslagen-";
const notice = document.getElementById("niet-opgeslagen");
export const user = notice?.dataset.user;
export const { flush, keep, settle } = device;

export function keyOf(place, writer) {
  return [PREFIX, user, place, writer].join(":");
}

// Return all copies of this user, newest first; with a place only those of that case.
export async function copies(place = null) {
  const prefix = place === null ? `${PREFIX}:${user}:` : `${PREFIX}:${user}:${place}:`;
  const found = (await device.copies(prefix)).filter((copy) => copy.values);
  return found.sort((one, other) => other.at - one.at);
}

// Delete the copies that the server confirmed, unless more was typed since.
async function settleConfirmed() {
  for (const pair of document.cookie.split("; ").filter((each) => each.startsWith(CONFIRMED))) {
    const [name, seq] = pair.split("=");
    const writer = name.slice(CONFIRMED.length);
    const saved = (await copies()).filter((copy) => copy.key.endsWith(`:${writer}`));
    await Promise.all(saved.map((copy) => settle(copy.key, Number(seq))));
    document.cookie = `${name}=; path=${notice.dataset.root}; max-age=0; samesite=lax`;
  }
}

function when(at) {
  const date = new Date(at);
  const time = date.toLocaleTimeString("nl-NL", { hour: "2-digit", minute: "2-digit" });
  if (date.toDateString() === new Date().toDateString()) return time;
  return `${date.toLocaleDateString("nl-NL", { weekday: "long", day: "numeric", month: "long" })}, ${time}`;
}

// Show these copies, each with a button that calls `restore`, or without it with a link to the form of the case.
export function offer(found, restore = null) {
  const items = found.map((copy) => {
    const item = notice.querySelector("template").content.cloneNode(true).querySelector("li");
    const part = (name) => item.querySelector(`[data-${name}]`);
    part("title").textContent = copy.title || part("title").textContent;
    part("when").textContent = when(copy.at);
    part("open").href = copy.page;
    part("open").hidden = restore !== null;
    part("restore").hidden = restore === null;
    part("restore").addEventListener("click", () => {
      restore(copy);
      item.remove();
      notice.hidden = !notice.querySelector("li");
    });
    const gone = (isGone) => {
      part("gone").hidden = !isGone;
      part("ways").hidden = isGone;
      part(isGone ? "undo" : "discard").focus();
    };
    part("discard").addEventListener("click", () => {
      settle(copy.key, copy.seq); // another tab may have written more since
      gone(true);
    });
    part("undo").addEventListener("click", async () => {
      const { key, ...values } = copy;
      gone(false);
      const isOlder = (await copies()).some((each) => each.key === key && each.seq > copy.seq);
      if (!isOlder) keep(key, values);
    });
    return item;
  });
  notice.querySelector("ul").replaceChildren(...items);
  notice.hidden = items.length === 0;
}

// Signing out leaves the copies on the device for the editor who wrote them; a dialog says so first.
function guardSignOut(form, dialog) {
  form.addEventListener("submit", async (event) => {
    event.preventDefault();
    if ((await copies()).length) dialog.showModal();
    else form.submit();
  });
  dialog.querySelector("[data-stay]").addEventListener("click", () => dialog.close());
  dialog.querySelector("[data-leave]").addEventListener("click", () => form.submit());
}

// A promise that resolves once the confirmed copies are deleted.
export const settled = user ? settleConfirmed() : Promise.resolve();

if (user) {
  const form = document.getElementById("logout-form");
  if (form) guardSignOut(form, document.getElementById("nog-niet-opgeslagen"));
  if (!document.querySelector("[data-kept]")) settled.then(() => copies()).then((found) => offer(found));
}
