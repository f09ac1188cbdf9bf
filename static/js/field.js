// A field whose text is saved while the user types: an answer or feedback. A pause in typing, leaving the field or
// hiding the page sends the text; the save line shows the state.
//
// reply.js interprets replies, save_state.js derives the state of a field, and outbox.js stores copies.

import { Announcements } from "./announcements.js";
import {
  copies,
  enlist,
  isWhole,
  keep,
  keepAsVersion,
  keyOf,
  newWriter,
  noteStored,
  remove,
  revisionOf,
  send,
  sendAll,
  setAside,
  settle,
} from "./outbox.js";
import { begin, isUnsent, lineOf, maySend, reduce, same } from "./save_state.js";
import { LIMIT, length, normalise, textHash } from "./text.js";

const PAUSE = 800;
const PAUSE_WITHOUT_STORAGE = 300;
const RETRIES = [2000, 5000, 10000, 30000];
export const words = document.getElementById("schrijven").dataset; // the sentences of the save line, from the template

export const pageWriter = newWriter();

function clock(moment = new Date()) {
  return moment.toLocaleTimeString("nl-NL", { hour: "2-digit", minute: "2-digit" });
}

// Return "14:03" for today, and "3 nov 14:03" for an earlier day.
function moment(when) {
  const isToday = when.toDateString() === new Date().toDateString();
  return isToday
    ? clock(when)
    : `${when.toLocaleDateString("nl-NL", { day: "numeric", month: "short" })} ${clock(when)}`;
}

function savedLine(when, note) {
  return note ? `${words.saved} ${when}, ${note}` : `${words.saved} ${when}`;
}

export class Field {
  constructor(element) {
    this.element = element;
    this.area = element.querySelector("textarea");
    this.line = element.querySelector("[data-saveline]");
    this.announcements = new Announcements();
    this.choices = [...element.querySelectorAll("input[type=radio]")]; // saved with the text: a verdict
    this.place = element.dataset.place;
    this.url = element.dataset.save;
    this.writer = pageWriter;
    this.device = "pending";
    this.told = 0; // the number of the copy that `device` is about
    this.isBehind = false; // while a text of an earlier page is not sent yet
    this.isHeld = false; // while the text at the moment of a click is being handed in or released
    this.isClosed = false; // the user is signing out
    const { revision, savedAt, note } = element.dataset;
    // The server has the text that the page was served with: the user may have typed before this script ran.
    this.shown = {
      text: normalise(this.area.defaultValue),
      choice: this.choices.find((radio) => radio.defaultChecked)?.value ?? "",
    };
    this.state = begin(this.shown, Number(revision));
    this.lastSaved = savedAt ? savedLine(moment(new Date(savedAt)), note) : "";
    this.taken = new Set(); // the copies of earlier pages that were shown here
    this.from = new Map(); // by key the number of the copies that this text continues
    this.failures = new Map(); // by key the number of replies to such a copy that were not ours
    if (this.look()) this.keepCopy();
    this.say();
    this.recover().then(() => this.isBehind || this.flush());
    this.area.addEventListener("input", () => this.typed());
    this.choices.forEach((radio) => radio.addEventListener("change", () => this.typed()));
    this.area.addEventListener("focus", () => this.announcements.entered());
    this.area.addEventListener("blur", () => {
      this.announcements.departed();
      this.flush();
    });
    window.addEventListener("storage", ({ key, newValue }) => {
      // Another tab deleted the copy of the text that this one shows; without a key it deleted all copies.
      if ([this.key, null].includes(key) && newValue === null && this.isUnsent() && !this.isClosed) this.keepCopy();
    });
    enlist(this);
  }

  // --- What the field shows ---

  get value() {
    return { text: normalise(this.area.value), choice: this.choices.find((radio) => radio.checked)?.value ?? "" };
  }

  get text() {
    return this.value.text;
  }

  get choice() {
    return this.value.choice;
  }

  get savedChoice() {
    return (this.state.confirmed ?? this.shown).choice;
  }

  get isGone() {
    return this.state.phase === "gone";
  }

  get isBusy() {
    return Boolean(this.sending || this.recovering);
  }

  // Whether the server has a row for this field, or may insert one at any moment.
  get isStored() {
    return this.state.revision > 0 || this.isBusy;
  }

  // The hash of the text that the next save replaces, or "" if it is not known.
  get base() {
    return this.state.confirmed ? textHash(this.state.confirmed.text) : "";
  }

  get key() {
    return keyOf(this.place, this.writer);
  }

  isUnsent() {
    this.look();
    return isUnsent(this.state);
  }

  choose(choice) {
    this.choices.forEach((radio) => (radio.checked = radio.value === choice));
  }

  nameOf(choice) {
    return (
      this.choices
        .find((radio) => radio.value === choice)
        ?.closest("label")
        .textContent.trim() ?? ""
    );
  }

  // Put a value in the field that was not typed in it.
  show(value) {
    if (this.text !== value.text) this.area.value = value.text;
    this.choose(value.choice);
    this.shown = value;
    this.look();
    this.counts();
  }

  apply(event) {
    this.state = reduce(this.state, event);
  }

  // Read the value of the field, which may have changed without an event: a spelling checker does that.
  look() {
    const { seq } = this.state;
    this.apply({ type: "changed", value: this.value });
    return this.state.seq !== seq;
  }

  // --- Copies on the device ---

  asCopy(value = this.state.value, seq = this.state.seq) {
    const { place, url, key, writer } = this;
    const anchor = this.element.closest("[id^=vraag-]");
    const page = this.element.dataset.page ?? location.pathname + (anchor ? `#${anchor.id}` : "");
    const extra = this.choices.length ? { verdict: value.choice } : { base: this.base };
    const [{ revision }, { label }, from] = [this.state, this.element.dataset, [...this.from]];
    return { key, place, url, page, text: value.text, revision, writer, seq, label, extra, from };
  }

  async keepCopy() {
    const { key, ...copy } = this.asCopy();
    if (this.device === "kept") this.device = "pending";
    const isKept = await keep(key, copy);
    if (copy.seq < this.told) return; // the state of a later copy is known
    if (copy.seq !== this.state.seq && isKept) return; // more was typed since, and a later call saves it
    this.told = copy.seq;
    this.device = isKept ? "kept" : "failed";
    this.say();
  }

  // Text of an earlier page that was not confirmed is shown in the field and sent with the writer and number of that
  // page: then the server recognises it if the save arrived and only the reply was lost.
  recover() {
    this.recovering ??= this.recoverAll().finally(() => {
      this.recovering = null;
    });
    return this.recovering;
  }

  async recoverAll() {
    this.isBehind = false;
    const stored = new Map();
    for (const copy of await copies(this.place)) {
      if (copy.key === this.key || copy.aside || copy.isVersion || !isWhole(copy)) continue;
      const value = { text: copy.text, choice: copy.extra?.verdict || this.value.choice };
      if (same(value, this.state.confirmed)) {
        await settle(copy.key, copy.seq); // another tab may have written more since
        continue;
      }
      if (!this.taken.has(copy.key)) {
        // The text typed here is sent first: then the copy of an earlier page is a second text, and both are saved.
        if (!(await this.sendTypedHere())) return;
        this.taken.add(copy.key);
        this.from.set(copy.key, copy.seq);
        this.show(value);
        this.area.readOnly = false;
      }
      this.sending = send({ ...copy, url: this.url, revision: revisionOf(copy, stored) });
      const decision = await this.sending;
      this.sending = null;
      noteStored(copy, decision, stored);
      if (!(await this.recovered(copy, value, decision))) return;
    }
    this.counts();
  }

  // Send text that was typed here. Resolves to whether the server has all of it.
  async sendTypedHere() {
    this.look();
    if (same(this.value, this.shown) && this.state.phase !== "sending") return true;
    this.isBehind = true;
    await this.sendOwn();
    this.isBehind = this.isUnsent();
    return !this.isBehind;
  }

  // Handle the decision on a copy of an earlier page. Resolves to whether the next copy can be sent.
  async recovered(copy, value, decision) {
    this.look();
    const isUntouched = same(this.value, value);
    if (decision.kind === "saved" || (decision.kind === "overtaken" && isUntouched)) {
      const stored =
        decision.kind === "saved" ? value : { text: decision.stored, choice: decision.choice || value.choice };
      this.apply({ type: "recovered", value: stored, revision: decision.revision });
      if (isUntouched) this.show(stored);
      await settle(copy.key, copy.seq);
      this.lastSaved = this.saidBy(decision);
      this.afterChange();
      return true;
    }
    if (decision.kind === "refused" || decision.kind === "withdrawn") {
      await setAside(copy, decision.kind);
      if (isUntouched && this.state.confirmed) this.show(this.state.confirmed);
      this.say();
      return true;
    }
    if (decision.kind === "too_long" || decision.kind === "full") await this.adopt(copy, decision.kind);
    if (decision.kind === "unsent" && !decision.isOffline && this.isStopped(copy) && !isUntouched) {
      // A proxy refuses this text. The user has changed it since, so it should not block the field any longer.
      await keepAsVersion(copy);
      await settle(copy.key, copy.seq);
      return true;
    }
    this.isBehind = ["unsent", "csrf", "signed_out"].includes(decision.kind);
    this.replied(decision, value, this.state.seq, copy);
    return false;
  }

  isStopped({ key }) {
    this.failures.set(key, (this.failures.get(key) ?? 0) + 1);
    return this.failures.get(key) >= 2;
  }

  // Make a text that cannot be stored unchanged the text of this page, so that the user can edit it. The original copy
  // stays on the device: another tab may still show it.
  async adopt(copy, why) {
    await this.keepCopy();
    const hasTwin = (await copies(this.place)).some((each) => each.aside && each.text === copy.text);
    if (hasTwin) await settle(copy.key, copy.seq);
    else await setAside(copy, why);
  }

  // --- Saving ---

  typed() {
    const isChanged = this.look();
    this.counts();
    if (isChanged) this.afterChange();
  }

  // Save a copy of the changed text, and send it after a pause.
  afterChange() {
    clearTimeout(this.timer);
    if (this.state.phase === "idle") {
      remove(this.key); // otherwise the next page would send the copy
    } else {
      this.keepCopy();
      this.timer = setTimeout(() => this.flush(), this.device === "failed" ? PAUSE_WITHOUT_STORAGE : PAUSE);
    }
    this.say();
  }

  counts() {
    const left = LIMIT - length(this.text);
    const note = this.element.querySelector("[data-left]");
    note.hidden = left > 2000;
    if (note.hidden) return;
    note.textContent = left < 0 ? words.toolong.replace("0", -left) : words.left.replace("0", left);
    this.announcements.counted(left, note.textContent);
  }

  async flush({ keepalive = false } = {}) {
    if (this.look()) this.keepCopy();
    if (this.isHeld || this.isClosed) return;
    if (keepalive) {
      const isOnItsWay = this.state.phase === "sending" && same(this.state.sent?.value ?? null, this.state.value);
      if (!isOnItsWay && (maySend(this.state) || this.state.phase === "sending")) await this.sendOwn({ keepalive });
      return;
    }
    if (this.sending || this.recovering) {
      await this.whenStill();
      return this.flush();
    }
    clearTimeout(this.timer);
    if (this.isBehind) await this.recover();
    if (!this.isBehind && maySend(this.state)) await this.sendOwn();
  }

  // Send a value with its number: by default the value of the field.
  async sendOwn(options = {}, { value, seq } = this.state, more = {}) {
    if (this.sending && !options.keepalive) await this.sending;
    const copy = this.asCopy(value, seq);
    this.apply({ type: "sending", value, seq });
    this.say();
    const sending = send({ ...copy, extra: copy.extra && { ...copy.extra, ...more } }, options);
    this.sending = sending;
    const decision = await sending;
    if (this.sending === sending) this.sending = null;
    this.replied(decision, value, seq);
    return decision;
  }

  replied(decision, value, seq, copy = null) {
    this.look();
    if (decision.kind === "conflict" && this.isBlank()) return this.takeOver(decision);
    this.apply({ type: "replied", decision, value, seq });
    const { phase, why, tries } = this.state;
    if (decision.kind === "saved") this.confirmed(decision, seq);
    if (phase === "conflict" && ["conflict", "overtaken"].includes(decision.kind))
      this.offerBoth(decision, copy?.text ?? value.text);
    if (why === "unsent") {
      clearTimeout(this.timer);
      this.timer = setTimeout(() => this.flush(), RETRIES[Math.min(tries - 1, RETRIES.length - 1)]);
    }
    this.say();
    this.tell("replied", { phase, why });
  }

  // Whether this field never had a text: then another stored text is no conflict.
  isBlank() {
    const { text, choice } = this.value;
    return text === "" && choice === "" && same(this.value, this.shown) && this.state.revision === 0;
  }

  takeOver(decision) {
    const value = { text: decision.stored, choice: decision.choice };
    this.apply({ type: "recovered", value, revision: decision.revision });
    this.show(value);
    this.lastSaved = this.saidBy(decision);
    this.say();
  }

  // Show that this answer was handed in, while other answers of the form were not.
  showHandedIn() {
    if (this.state.phase !== "idle") return;
    this.area.readOnly = true;
    this.lastSaved = `${words.submitted} ${clock()}`;
    this.say();
  }

  tell(name, detail) {
    this.element.dispatchEvent(new CustomEvent(`casusboek:${name}`, { bubbles: true, detail }));
  }

  confirmed(decision, seq) {
    settle(this.key, seq);
    this.choose(this.state.value.choice);
    this.shown = this.state.confirmed;
    this.lastSaved = this.saidBy(decision);
    this.announcements.saved(this.lastSaved);
    if (this.state.phase === "dirty") this.afterChange();
    this.tell("saved", decision.body);
  }

  // Return the save line for a reply of the server.
  saidBy({ body }) {
    return savedLine(clock(body.saved_at ? new Date(body.saved_at) : new Date()), body.note);
  }

  // Resolves once no request of this field is pending.
  async whenStill() {
    while (this.sending || this.recovering) await (this.recovering ?? this.sending);
  }

  // Return the value at the moment of a click, to be handed in or released unchanged; until letGo() nothing else is
  // sent.
  hold() {
    this.look();
    clearTimeout(this.timer);
    this.isHeld = true;
    const { value, seq } = this.state;
    return { value, seq };
  }

  letGo() {
    this.isHeld = false;
    if (maySend(this.state)) this.afterChange();
  }

  // Save the present value and release it. Resolves to whether that succeeded.
  async release() {
    const then = this.hold();
    await this.whenStill();
    const mayGo = ["idle", "dirty"].includes(this.state.phase);
    const decision = mayGo ? await this.sendOwn({}, then, { vrij: 1 }) : null;
    this.letGo();
    return decision?.kind === "saved";
  }

  // --- Two texts for one answer ---

  // Show both texts. The server saves both, whichever the user chooses.
  offerBoth(decision, sent) {
    const stored = { text: this.state.stored.text, choice: this.state.stored.choice };
    this.element.querySelector("[data-conflict]")?.remove();
    const panel = document.getElementById("twee-teksten").content.cloneNode(true).firstElementChild;
    const part = (name) => panel.querySelector(`[data-${name}]`);
    part("mine").textContent = this.text;
    part("stored").textContent = stored.text;
    part("mine-choice").textContent = this.nameOf(this.choice);
    part("stored-choice").textContent = this.nameOf(decision.choice);
    const decide = (value) => {
      this.putAside(new Set([sent, stored.text, value.text]));
      this.from.clear(); // the user chose between the texts
      if (decision.kind === "overtaken") this.writer = newWriter(); // the server has a later save of the old writer
      this.apply({ type: "chosen", value });
      this.lastSaved = this.saidBy(decision);
      panel.remove();
      this.show(value);
      this.area.focus();
      this.afterChange();
    };
    part("take-mine").addEventListener("click", () => decide(this.value));
    part("take-stored").addEventListener("click", () => decide(stored));
    this.area.after(panel);
  }

  // A choice deletes nothing. Text typed since, and copies of other pages, are not on the server yet: they are sent as
  // earlier versions («Eerdere versies»), and stay on the device until they are stored there.
  async putAside(known) {
    const own = this.asCopy(this.value);
    const others = (await copies(this.place)).filter((copy) => copy.key !== own.key && !copy.aside && !copy.isVersion);
    for (const copy of [own, ...others]) {
      if (!known.has(copy.text)) await keepAsVersion({ ...copy, url: this.url });
      await settle(copy.key, copy.seq);
    }
    await sendAll();
  }

  // --- The save line ---

  say() {
    const name = lineOf(this.state, this.device);
    const text = name ? words[name] : this.state.phase === "idle" ? this.lastSaved : "";
    this.line.classList.toggle("saved--ok", !name && text !== "");
    this.line.classList.toggle("saved--wait", Boolean(name));
    const said = this.line.querySelector("[data-said]");
    if (said.textContent !== text) said.textContent = text;
    if (name && !["writing", "unsent"].includes(name)) this.announcements.failed(text);
    this.offerSignIn(name === "signedout");
  }

  // Show the button that opens the dialog to sign in again, or remove it. A page of an older version has none.
  offerSignIn(isOffered) {
    const button = this.line.querySelector("[data-sign-in]");
    const template = document.getElementById("opnieuw-knop");
    if (!isOffered) button?.remove();
    else if (!button && template) this.line.append(template.content.cloneNode(true));
  }

  // Stop sending: the user is signing out, or another user has signed in.
  close() {
    clearTimeout(this.timer);
    this.isClosed = true;
  }
}
