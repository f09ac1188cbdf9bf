// What people wrote and the server has not confirmed yet: kept on the device, sent again until it is.
//
// A copy is keyed by user, place (assignment or "eigen"), question and the page that wrote it. It is dropped only when
// the server has answered to that very save; never by a click. (Design, section 6.)

const PREFIX = "casusboek";
export const user = document.body.dataset.user;
const fields = new Set(); // the answer fields of this page, which send their own text

// A page that cannot keep copies says so and saves sooner.
export const storage = { works: true };

export function keyOf(place, writer) {
  return [PREFIX, user, place, writer].join(":");
}

export function keep(key, copy) {
  try {
    localStorage.setItem(key, JSON.stringify({ ...copy, at: Date.now() }));
    storage.works = true;
  } catch {
    storage.works = false;
  }
  return storage.works;
}

// Forget a copy, unless more was typed since the save that was confirmed.
export function settle(key, seq) {
  const copy = read(key);
  if (copy && copy.seq <= seq) remove(key);
}

export function remove(key) {
  try {
    localStorage.removeItem(key);
  } catch {
    storage.works = false;
  }
}

export function read(key) {
  try {
    return JSON.parse(localStorage.getItem(key));
  } catch {
    return null;
  }
}

// All copies of this user, oldest first; with a place only those of that answer.
export function copies(place = null) {
  const found = [];
  try {
    for (let index = 0; index < localStorage.length; index += 1) {
      const key = localStorage.key(index);
      const start = place === null ? `${PREFIX}:${user}:` : `${PREFIX}:${user}:${place}:`;
      const copy = key.startsWith(start) ? read(key) : null;
      if (copy && typeof copy.text === "string") found.push({ ...copy, key });
    }
  } catch {
    storage.works = false;
  }
  return found.sort((one, other) => one.at - other.at);
}

function cookie(name) {
  const pair = document.cookie.split("; ").find((each) => each.startsWith(`${name}=`));
  return pair ? decodeURIComponent(pair.slice(name.length + 1)) : "";
}

// One POST by our script. The token is read when sending: signing in again has changed it.
export async function post(url, values, { keepalive = false, again = true } = {}) {
  let response;
  try {
    response = await fetch(url, {
      method: "POST",
      body: new URLSearchParams(values),
      headers: { "X-Requested-With": "XMLHttpRequest", "X-CSRFToken": cookie("csrftoken"), Accept: "application/json" },
      credentials: "same-origin",
      redirect: "error",
      keepalive,
    });
  } catch {
    return { status: 0, reason: "offline", body: {} };
  }
  const reason = response.headers.get("X-Reason") || "";
  if (response.status === 403 && reason === "csrf" && again) {
    await whoIsHere();
    return post(url, values, { keepalive, again: false });
  }
  const body = await response.json().catch(() => ({}));
  const revision = Number(response.headers.get("X-Revision") || 0);
  return { status: response.status, reason: body.result || reason, revision, body };
}

// Who is signed in here by now; the answer also brings a fresh token. Null when that cannot be told.
export async function whoIsHere() {
  try {
    const response = await fetch("/account/wie/", { credentials: "same-origin", cache: "no-store" });
    return response.ok ? await response.json() : null;
  } catch {
    return null;
  }
}

export function send(copy, options) {
  const { text, revision, writer, seq } = copy;
  return post(copy.url, { text, revision, writer, seq, user, ...copy.extra }, options);
}

export function enlist(field) {
  fields.add(field);
}

// Send every copy that no field of this page takes care of. Returns those that are still here afterwards.
let sending = null;
export function sendAll() {
  sending ??= sendOneByOne().finally(() => {
    sending = null;
  });
  return sending;
}

async function sendOneByOne() {
  const left = [];
  const here = new Set([...fields].map((field) => field.place));
  for (const copy of copies()) {
    if (here.has(copy.place)) continue;
    const reply = await send(copy);
    if (reply.status === 200) settle(copy.key, copy.seq);
    else left.push({ ...copy, reply });
    if (reply.status === 0 || reply.status === 401 || reply.reason === "other_user") break;
  }
  document.dispatchEvent(new CustomEvent("casusboek:sent", { detail: left }));
  return left;
}

// Everything of this user that is not confirmed: texts in the fields of this page, and copies.
async function flush() {
  await Promise.all([...fields].map((field) => field.flush()));
  await sendAll();
  const inFields = [...fields].filter((field) => field.isUnsent()).map((field) => field.asCopy());
  const known = new Set(inFields.map((copy) => copy.key));
  return [...inFields, ...copies().filter((copy) => !known.has(copy.key))];
}

function download(unsent) {
  const parts = unsent.map((copy) => `${copy.label || copy.place}\n${new Date(copy.at || Date.now()).toLocaleString("nl-NL")}\n\n${copy.text}\n`);
  const link = document.createElement("a");
  link.href = URL.createObjectURL(new Blob([parts.join("\n----\n\n")], { type: "text/plain" }));
  link.download = "niet-verzonden-antwoorden.txt";
  link.click();
}

// Signing out first sends what is unsent; where that fails the person decides.
function guardSignOut(form, dialog) {
  let unsent = [];
  const leave = async () => {
    unsent = await flush();
    if (unsent.length) {
      dialog.querySelector("[data-count]").textContent = unsent.length;
      if (!dialog.open) dialog.showModal();
    } else {
      fields.forEach((field) => field.close());
      form.submit();
    }
  };
  form.addEventListener("submit", (event) => {
    event.preventDefault();
    leave();
  });
  dialog.querySelector("[data-again]").addEventListener("click", leave);
  dialog.querySelector("[data-stay]").addEventListener("click", () => dialog.close());
  dialog.querySelector("[data-download]").addEventListener("click", () => {
    download(unsent);
    unsent.forEach((copy) => remove(copy.key));
    fields.forEach((field) => field.close());
    form.submit();
  });
}

function reasonFor(status) {
  if (status === 409) return "conflict";
  return [400, 403, 404, 410].includes(status) ? "refused" : "waiting";
}

// «Nog niet verzonden» at /antwoorden/: what is on this device and could not be stored, and why.
function list(section, left) {
  const items = section.querySelector("ul");
  items.replaceChildren(
    ...left.map((copy) => {
      const item = section.querySelector("template").content.cloneNode(true);
      item.querySelector("[data-label]").textContent = copy.label || "";
      item.querySelector("[data-text]").textContent = copy.text;
      item.querySelector("[data-link]").href = copy.page || "/antwoorden/";
      item.querySelector(`[data-why-${reasonFor(copy.reply?.status)}]`).hidden = false;
      return item;
    }),
  );
  section.hidden = left.length === 0;
}

if (user) {
  const form = document.getElementById("uitloggen");
  const dialog = document.getElementById("niet-alles-verzonden");
  if (form && dialog) guardSignOut(form, dialog);
  const section = document.getElementById("niet-verzonden");
  if (section) document.addEventListener("casusboek:sent", (event) => list(section, event.detail));
  window.addEventListener("online", sendAll);
  window.addEventListener("focus", sendAll);
  // Modules run after the page is read, and those that bring fields enlist them first.
  setTimeout(sendAll);
}
