// The one writing path: answers at home and in class, and feedback. A pause in typing, leaving the field or hiding the
// page sends the text; the save line says what is true. (Design, section 6.)

import { copies, enlist, keep, keyOf, post, remove, send, settle, storage, user, whoIsHere } from "./outbox.js";

const PAUSE = 800;
const PAUSE_WITHOUT_STORAGE = 300;
const RETRIES = [2000, 5000, 10000, 30000];
const LIMIT = 20000;
const writer = crypto.randomUUID ? crypto.randomUUID() : `${Date.now()}-${Math.random().toString(36).slice(2)}`;
const words = document.getElementById("schrijven").dataset; // what the save line says, from the template

function normalise(text) {
  return text.replace(/\r\n?/g, "\n").replace(/\0/g, "").replace(/[\uD800-\uDBFF](?![\uDC00-\uDFFF])|(?<![\uD800-\uDBFF])[\uDC00-\uDFFF]/g, "");
}

function clock(moment = new Date()) {
  return moment.toLocaleTimeString("nl-NL", { hour: "2-digit", minute: "2-digit" });
}

// "14:03" today, "3 nov 14:03" before.
function moment(when) {
  const isToday = when.toDateString() === new Date().toDateString();
  return isToday ? clock(when) : `${when.toLocaleDateString("nl-NL", { day: "numeric", month: "short" })} ${clock(when)}`;
}

class Field {
  constructor(element) {
    this.element = element;
    this.area = element.querySelector("textarea");
    this.line = element.querySelector("[data-saveline]");
    this.place = element.dataset.place;
    this.url = element.dataset.save;
    this.revision = Number(element.dataset.revision);
    this.choices = [...element.querySelectorAll("input[type=radio]")]; // what is stored along with the text: a verdict
    // What the server is known to have is what the page came with: somebody may have typed before this script was here.
    this.confirmed = normalise(this.area.defaultValue);
    this.confirmedChoice = this.choices.find((radio) => radio.defaultChecked)?.value ?? "";
    this.seq = 1; // every text has a number of its own, so that of two on their way the later one stays
    this.key = keyOf(this.place, writer);
    this.tries = 0;
    this.isBehind = false; // while a text of an earlier page still waits to be sent
    this.isGone = false; // what it is about was taken back: never to be stored
    this.isPaused = false; // while two texts wait for a choice, or someone else is signed in
    this.isEarly = this.isUnsent(); // typed before this script was here
    const { savedAt } = element.dataset;
    if (savedAt) this.say("ok", this.savedLine(moment(new Date(savedAt)), element.dataset.note));
    this.recover();
    this.area.addEventListener("input", () => this.typed());
    this.choices.forEach((radio) => radio.addEventListener("change", () => this.typed()));
    this.area.addEventListener("blur", () => this.flush());
    enlist(this);
  }

  get text() {
    return normalise(this.area.value);
  }

  get choice() {
    return this.choices.find((radio) => radio.checked)?.value ?? "";
  }

  set choice(value) {
    this.choices.forEach((radio) => (radio.checked = radio.value === value));
  }

  nameOf(choice) {
    return this.choices.find((radio) => radio.value === choice)?.closest("label").textContent.trim() ?? "";
  }

  isUnsent() {
    return this.text !== this.confirmed || this.choice !== this.confirmedChoice;
  }

  savedLine(when, note) {
    return note ? `${words.saved} ${when}, ${note}` : `${words.saved} ${when}`;
  }

  // What the server said when it stored this.
  saidBy(reply) {
    const when = clock(reply.body.saved_at ? new Date(reply.body.saved_at) : new Date());
    return this.savedLine(when, reply.body.note);
  }

  asCopy() {
    const { place, url, key } = this;
    const anchor = this.element.closest("[id^=vraag-]");
    const page = this.element.dataset.page ?? location.pathname + (anchor ? `#${anchor.id}` : "");
    const extra = this.choices.length ? { verdict: this.choice } : undefined;
    return { key, place, url, page, text: this.text, revision: this.revision, writer, seq: this.seq, label: this.element.dataset.label, extra };
  }

  // Text that an earlier page could not get confirmed comes back into the field and goes out under its own name and
  // number: then the server knows it again, also when the save came through and only the reply was lost.
  async recover() {
    this.isBehind = false;
    if (this.isEarly) {
      // First what was typed here: then what an earlier page left behind is a second text, and both are kept.
      const reply = await this.flush();
      this.isBehind = this.isEarly = reply?.status !== 200;
      if (this.isBehind) return;
    }
    for (const copy of copies(this.place)) {
      if (copy.key === this.key) continue;
      const choice = copy.extra?.verdict ?? "";
      if (copy.text === this.confirmed && (!choice || choice === this.confirmedChoice)) {
        remove(copy.key);
        continue;
      }
      if (!this.isUnsent()) {
        this.area.value = copy.text;
        if (choice) this.choice = choice;
        this.area.readOnly = false;
        this.say("wait", words.waiting);
      }
      this.sending = send({ ...copy, url: this.url });
      const reply = await this.sending;
      this.sending = null;
      if (reply.status === 200) {
        this.confirmed = copy.text;
        if (choice) this.confirmedChoice = choice;
        this.revision = reply.revision;
        settle(copy.key, copy.seq);
        if (this.isUnsent()) this.typed();
        else this.say("ok", this.saidBy(reply));
      } else {
        if (reply.status === 413) this.adopt(copy);
        this.isBehind = ![409, 413].includes(reply.status);
        this.handle(reply, copy);
        break;
      }
    }
    this.counts();
  }

  // A text that cannot go out as it is goes on as this page's own, to be changed here.
  adopt(copy) {
    const { key, ...kept } = this.asCopy();
    if (keep(key, kept)) remove(copy.key);
  }

  typed() {
    this.counts();
    if (!this.isUnsent() && !this.sending) return this.takeBack();
    this.seq += 1;
    const { key, ...copy } = this.asCopy();
    const isKept = keep(key, copy);
    if (!this.isPaused) this.say("wait", isKept ? words.writing : words.nostorage);
    clearTimeout(this.timer);
    this.timer = setTimeout(() => this.flush(), isKept ? PAUSE : PAUSE_WITHOUT_STORAGE);
  }

  // Typed and taken out again before it went anywhere: a copy of it would be sent by the next page that opens.
  takeBack() {
    clearTimeout(this.timer);
    remove(this.key);
    if (this.isPaused || this.isBehind) return;
    this.line.classList.remove("saved--wait");
    if (this.lastSaved) this.say("ok", this.lastSaved);
    else this.line.querySelector("[data-said]").textContent = "";
  }

  counts() {
    const left = LIMIT - [...this.text].length;
    const note = this.element.querySelector("[data-left]");
    note.hidden = left > 2000;
    if (!note.hidden) note.textContent = left < 0 ? words.toolong.replace("0", -left) : words.left.replace("0", left);
  }

  async flush(options = {}) {
    clearTimeout(this.timer);
    if (this.isPaused || !(this.isUnsent() || this.isBehind)) return;
    if (this.sending && !options.keepalive) {
      await this.sending;
      return this.flush();
    }
    if (this.isBehind && !options.keepalive) {
      await this.recover();
      if (this.isBehind || this.isPaused || !this.isUnsent()) return;
    }
    if ([...this.text].length > LIMIT) {
      this.say("wait", words.overlong);
      return;
    }
    const copy = this.asCopy();
    const { key, ...kept } = copy;
    if (this.isUnsent()) keep(key, kept);
    this.sending = send(copy, options);
    const reply = await this.sending;
    this.sending = null;
    this.handle(reply, copy, copy.seq);
    return reply;
  }

  // `sent` is what the reply is about: the text, and the verdict where there is one.
  handle(reply, sent, seq = null) {
    if (reply.status === 200) {
      this.tries = 0;
      this.isGone = false;
      this.confirmed = sent.text;
      if (sent.extra) this.confirmedChoice = sent.extra.verdict;
      if (reply.body.verdict && !this.choice) this.choice = this.confirmedChoice = reply.body.verdict;
      this.revision = Math.max(this.revision, reply.revision);
      if (seq !== null) settle(this.key, seq);
      if (this.isUnsent()) this.typed();
      else this.say("ok", this.saidBy(reply));
      this.element.dispatchEvent(new CustomEvent("casusboek:saved", { bubbles: true, detail: reply.body }));
    } else if (reply.status === 409 && reply.reason === "other_user") {
      lock();
    } else if (reply.status === 409) {
      this.choose(reply, sent);
    } else if (reply.status === 401) {
      this.say("wait", words.signedout);
      offerSignIn();
    } else if (reply.status === 413) {
      this.say("wait", words.overlong);
    } else if (reply.status === 410) {
      this.isGone = true;
      this.say("wait", words.withdrawn);
    } else if (reply.status === 403 || reply.status === 404 || reply.status === 400) {
      this.say("wait", words.refused);
    } else {
      this.confirmed = null; // it may have come through; what the server has is known once it answers again
      this.say("wait", storage.works ? words.waiting : words.nostorage);
      clearTimeout(this.timer);
      this.timer = setTimeout(() => this.flush(), RETRIES[Math.min(this.tries, RETRIES.length - 1)]);
      this.tries += 1;
    }
  }

  // Two texts for one answer: show both; both are kept whichever is chosen.
  choose(reply, sent) {
    const stored = normalise(reply.body.stored ?? "");
    this.isPaused = true;
    this.say("wait", words.conflict);
    this.element.querySelector("[data-conflict]")?.remove();
    const panel = document.getElementById("twee-teksten").content.cloneNode(true).firstElementChild;
    panel.querySelector("[data-mine]").textContent = this.text;
    panel.querySelector("[data-stored]").textContent = reply.body.stored ?? "";
    panel.querySelector("[data-mine-choice]").textContent = this.nameOf(this.choice);
    panel.querySelector("[data-stored-choice]").textContent = this.nameOf(reply.body.verdict);
    const decide = (text, choice) => {
      this.putAside(new Set([sent.text, stored, text]));
      this.area.value = text;
      this.choice = choice;
      this.confirmed = stored;
      this.confirmedChoice = reply.body.verdict ?? this.confirmedChoice;
      this.revision = reply.revision;
      this.isPaused = false;
      panel.remove();
      this.area.focus();
      if (this.isUnsent()) this.typed();
      else this.say("ok", this.saidBy(reply));
    };
    panel.querySelector("[data-take-mine]").addEventListener("click", () => decide(this.text, this.choice));
    panel.querySelector("[data-take-stored]").addEventListener("click", () => decide(stored, reply.body.verdict ?? this.choice));
    this.area.after(panel);
  }

  // Nothing is dropped by choosing. What was typed since, and copies of other pages, the server has not seen: they go
  // out to stand under «Eerdere versies», and stay on the device until they are there.
  async putAside(known) {
    const { key, ...own } = this.asCopy();
    if (!known.has(own.text)) keep(keyOf(this.place, `${writer}-${own.seq}`), own);
    remove(key);
    for (const copy of copies(this.place)) {
      if (!known.has(copy.text)) {
        const reply = await send({ ...copy, url: this.url, revision: 0, writer: "", extra: undefined });
        if (reply.status !== 200 && reply.reason !== "stale") continue;
      }
      remove(copy.key);
    }
  }

  say(kind, text) {
    if (kind === "ok") this.lastSaved = text;
    this.line.classList.toggle("saved--ok", kind === "ok");
    this.line.classList.toggle("saved--wait", kind !== "ok");
    const said = this.line.querySelector("[data-said]");
    if (said.textContent !== text) said.textContent = text;
  }

  // Nothing goes out any more: the person is signing out.
  close() {
    clearTimeout(this.timer);
    this.isPaused = true;
  }
}

export const all = [...document.querySelectorAll("[data-save]")].map((element) => new Field(element));

// Somebody else is signed in here by now: nothing of this page may be seen by them, or stored as theirs.
function lock() {
  all.forEach((field) => field.close());
  document.getElementById("inhoud").hidden = true;
  const notice = document.getElementById("iemand-anders");
  notice.hidden = false;
  notice.focus();
}

// Signing in again without leaving the page.
function offerSignIn() {
  const dialog = document.getElementById("opnieuw-inloggen");
  if (!dialog || dialog.open) return;
  dialog.showModal();
}

function signInHere(dialog) {
  const form = dialog.querySelector("form");
  const problem = dialog.querySelector("[data-problem]");
  form.addEventListener("submit", async (event) => {
    event.preventDefault();
    await whoIsHere();
    const reply = await post(form.action, new FormData(form));
    const now = reply.status === 200 || reply.status === 409 ? await whoIsHere() : null;
    if (now?.user && String(now.user) !== user) return void (dialog.close(), lock());
    if (now?.user) {
      form.reset();
      dialog.close();
      all.forEach((field) => field.flush());
      return;
    }
    problem.textContent = reply.status === 0 ? words.offline : words.wrongpassword;
    problem.hidden = false;
  });
  dialog.querySelector("[data-later]").addEventListener("click", () => dialog.close());
}

// Handing in: «ingeleverd» appears only after the reply, so the page is fetched anew after it.
function handInHere(form) {
  form.addEventListener("submit", async (event) => {
    event.preventDefault();
    const button = event.submitter;
    const wanted = button?.value ?? "niets";
    const involved = all.filter((field) => wanted === "alles" || wanted === field.element.dataset.question);
    if (!involved.length) return void all.forEach((field) => field.flush());
    if (form.dataset.busy) return;
    form.dataset.busy = "1";
    button.setAttribute("aria-disabled", "true");
    await Promise.all(all.map((field) => field.sending));
    const values = new URLSearchParams({ lever: wanted, user, writer });
    const sent = new Map();
    for (const field of involved) {
      const id = field.element.dataset.question;
      field.seq += 1;
      sent.set(id, { field, text: field.text, seq: field.seq });
      values.set(`text-${id}`, field.text);
      values.set(`revision-${id}`, field.revision);
      values.set(`seq-${id}`, field.seq);
    }
    const reply = await post(form.action, values);
    delete form.dataset.busy;
    button.removeAttribute("aria-disabled");
    if (reply.body.results) handledIn(reply, sent, button);
    else involved.forEach((field) => field.handle(reply, { text: field.text }));
    const note = form.querySelector("[data-hand-in-note]");
    note.textContent = reply.status === 200 ? "" : reply.status === 0 ? words.nothandedin : isClosed(reply) ? words.closed : words.notyet;
    note.hidden = reply.status === 200;
  });
}

function isClosed(reply) {
  return Object.values(reply.body.results ?? {}).some((each) => each.result === "closed");
}

function handledIn(reply, sent, button) {
  let isDone = true;
  for (const [id, { field, text, seq }] of sent) {
    const result = reply.body.results[id];
    if (result?.result === "closed") {
      isDone = false;
      field.handle({ status: 200, revision: result.revision, body: {} }, { text }, seq);
    } else if (!result || result.result === "stale" || result.result === "too_long") {
      isDone = false;
      const status = result?.result === "too_long" ? 413 : 409;
      field.handle({ status, reason: "stale", revision: result?.revision ?? 0, body: { stored: result?.stored } }, { text });
    } else {
      field.handle({ status: 200, revision: result.revision, body: {} }, { text }, seq);
    }
  }
  if (!isDone) return;
  const place = button.closest("[id^=vraag-]");
  const params = new URLSearchParams({ ingeleverd: button.value });
  location.assign(`${location.pathname}?${params}${place ? `#${place.id}` : ""}`);
}

const dialog = document.getElementById("opnieuw-inloggen");
if (dialog) signInHere(dialog);
document.querySelectorAll("form[data-hand-in]").forEach(handInHere);
document.querySelectorAll("form[data-own-study]").forEach((form) =>
  form.addEventListener("submit", (event) => {
    event.preventDefault();
    all.forEach((field) => field.flush());
  }),
);
document.querySelectorAll("[data-without-script]").forEach((element) => (element.hidden = true));

const flushAll = () => all.forEach((field) => field.flush());
window.addEventListener("online", flushAll);
window.addEventListener("focus", flushAll);
window.addEventListener("pagehide", () => all.forEach((field) => field.flush({ keepalive: true })));
document.addEventListener("visibilitychange", () => {
  if (document.visibilityState === "hidden") all.forEach((field) => field.flush({ keepalive: true }));
});
window.addEventListener("pageshow", (event) => {
  // Back into a page that the browser kept: others may have written since, and it may no longer be this person's.
  if (event.persisted && !all.some((field) => field.isUnsent())) location.reload();
});
window.addEventListener("beforeunload", (event) => {
  // Only where the device keeps nothing is there something to lose by leaving.
  if (!storage.works && all.some((field) => field.isUnsent())) event.preventDefault();
});
