// What an editor typed in the form of a case and has not saved: kept on this device until the server has said that
// this very text is in the database. On every page of the admin, so that nothing is forgotten.
//
// A copy is keyed by user, case (or "nieuw") and the page that wrote it. The server confirms in a cookie that names
// that page and its last save (cases/admin/case.py, kept).

const PREFIX = "casusboek-redactie";
const CONFIRMED = "casusboek-opgeslagen-";
const notice = document.getElementById("niet-opgeslagen");
export const user = notice?.dataset.user;

export function keyOf(place, writer) {
  return [PREFIX, user, place, writer].join(":");
}

export function keep(key, copy) {
  try {
    localStorage.setItem(key, JSON.stringify(copy));
    return true;
  } catch {
    return false;
  }
}

export function remove(key) {
  try {
    localStorage.removeItem(key);
  } catch {
    // Storage is refused, so there is nothing in it either.
  }
}

function read(key) {
  try {
    return JSON.parse(localStorage.getItem(key));
  } catch {
    return null;
  }
}

// All copies of this user, newest first; with a place only those of that case.
export function copies(place = null) {
  const start = place === null ? `${PREFIX}:${user}:` : `${PREFIX}:${user}:${place}:`;
  const found = [];
  try {
    for (let index = 0; index < localStorage.length; index += 1) {
      const key = localStorage.key(index);
      const copy = key.startsWith(start) ? read(key) : null;
      if (copy && copy.values) found.push({ ...copy, key });
    }
  } catch {
    return found;
  }
  return found.sort((one, other) => other.at - one.at);
}

// Forget the copies of which the server said that they were saved, unless more was typed since.
function settle() {
  for (const pair of document.cookie.split("; ").filter((each) => each.startsWith(CONFIRMED))) {
    const [name, seq] = pair.split("=");
    const writer = name.slice(CONFIRMED.length);
    copies()
      .filter((copy) => copy.key.endsWith(`:${writer}`) && copy.seq <= Number(seq))
      .forEach((copy) => remove(copy.key));
    document.cookie = `${name}=; path=${notice.dataset.root}; max-age=0; samesite=lax`;
  }
}

function when(at) {
  const date = new Date(at);
  const time = date.toLocaleTimeString("nl-NL", { hour: "2-digit", minute: "2-digit" });
  if (date.toDateString() === new Date().toDateString()) return time;
  return `${date.toLocaleDateString("nl-NL", { weekday: "long", day: "numeric", month: "long" })}, ${time}`;
}

// Show these copies. With a way to restore, that stands in the place of the way to their form.
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
      remove(copy.key);
      gone(true);
    });
    part("undo").addEventListener("click", () => {
      const { key, ...values } = copy;
      keep(key, values);
      gone(false);
    });
    return item;
  });
  notice.querySelector("ul").replaceChildren(...items);
  notice.hidden = items.length === 0;
}

// Signing out leaves the copies where they are, for who wrote them; say so first.
function guardSignOut(form, dialog) {
  form.addEventListener("submit", (event) => {
    if (!copies().length) return;
    event.preventDefault();
    dialog.showModal();
  });
  dialog.querySelector("[data-stay]").addEventListener("click", () => dialog.close());
  dialog.querySelector("[data-leave]").addEventListener("click", () => form.submit());
}

if (user) {
  settle();
  const form = document.getElementById("logout-form");
  if (form) guardSignOut(form, document.getElementById("nog-niet-opgeslagen"));
  if (!document.querySelector("[data-kept]")) offer(copies());
}
