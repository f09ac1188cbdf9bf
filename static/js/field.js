// One field whose text is saved as it is written: an answer or feedback. A pause in typing, leaving the field or hiding
// the page sends the text; the save line says what is true.
//
// What a reply means is decided in reply.js, what state a field is in by save_state.js; copies are kept by outbox.js.

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
export const words = document.getElementById("schrijven").dataset; // what the save line says, from the template

export const pageWriter = newWriter();

function clock(moment = new Date()) {
  return moment.toLocaleTimeString("nl-NL", { hour: "2-digit", minute: "2-digit" });
}

// "14:03" today, "3 nov 14:03" before.
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
    this.choices = [...element.querySelectorAll("input[type=radio]")]; // what is stored along with the text: a verdict
    this.place = element.dataset.place;
    this.url = element.dataset.save;
    this.writer = pageWriter;
    this.device = "pending";
    this.told = 0; // the number of the copy that it is said of
    this.isBehind = false; // while a text of an earlier page still waits to be sent
    this.isHeld = false; // while what stood here at a click is being handed in or released
    this.isClosed = false; // the person is signing out
    const { revision, savedAt, note } = element.dataset;
    // What the server is known to have is what the page came with: somebody may have typed before this script was here.
    this.shown = {
      text: normalise(this.area.defaultValue),
      choice: this.choices.find((radio) => radio.defaultChecked)?.value ?? "",
    };
    this.state = begin(this.shown, Number(revision));
    this.lastSaved = savedAt ? savedLine(moment(new Date(savedAt)), note) : "";
    this.taken = new Set(); // the copies of earlier pages that were shown here
    this.from = new Map(); // by key the number of those that what stands here goes on from
    this.failures = new Map(); // by key how often such a copy got a reply that is none of ours
    if (this.look()) this.keepCopy();
    this.say();
    this.recover().then(() => this.isBehind || this.flush());
    this.area.addEventListener("input", () => this.typed());
    this.choices.forEach((radio) => radio.addEventListener("change", () => this.typed()));
    this.area.addEventListener("blur", () => this.flush());
    window.addEventListener("storage", ({ key, newValue }) => {
      // Another tab wiped what this one still shows; no key means all of it.
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

  // Whether the server stores something here, or may do so any moment.
  get isStored() {
    return this.state.revision > 0 || this.isBusy;
  }

  // The hash of the text that the next one comes after, as far as that is known.
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

  // Put a value in the field that nobody typed there.
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

  // Take in what the field shows, however it came there: a spelling checker changes a text without telling.
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
    if (copy.seq < this.told) return; // of a later copy it is known already
    if (copy.seq !== this.state.seq && isKept) return; // more was typed since, and that is kept by now or soon
    this.told = copy.seq;
    this.device = isKept ? "kept" : "failed";
    this.say();
  }

  // Text that an earlier page could not get confirmed comes back into the field and goes out under its own name and
  // number: then the server knows it again, also when the save came through and only the reply was lost.
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
        await settle(copy.key, copy.seq); // its page may have written more since
        continue;
      }
      if (!this.taken.has(copy.key)) {
        // First what was typed here: then what an earlier page left behind is a second text, and both are kept.
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

  // Whether nothing was typed here that the server does not have.
  async sendTypedHere() {
    this.look();
    if (same(this.value, this.shown) && this.state.phase !== "sending") return true;
    this.isBehind = true;
    await this.sendOwn();
    this.isBehind = this.isUnsent();
    return !this.isBehind;
  }

  // What became of a copy of an earlier page. Returns whether the next one may be looked at.
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
      // Something on the way refuses this text. The person has changed it, so it holds up nothing any more.
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

  // A text that cannot go out as it is goes on as this page's own, to be changed here. As it was, it stays on the device:
  // another tab may still show it.
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

  // The field shows something else than before: keep it, and send it after a pause.
  afterChange() {
    clearTimeout(this.timer);
    if (this.state.phase === "idle") {
      remove(this.key); // a copy of it would be sent by the next page that opens
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
    if (!note.hidden) note.textContent = left < 0 ? words.toolong.replace("0", -left) : words.left.replace("0", left);
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

  // Send a value under the number it has: by default what the field shows.
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

  // Whether nobody ever wrote here: then another text that is stored is no second one.
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

  // It was handed in as it is here, while other answers of the form were not.
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
    if (this.state.phase === "dirty") this.afterChange();
    this.tell("saved", decision.body);
  }

  // What the server said when it stored this.
  saidBy({ body }) {
    return savedLine(clock(body.saved_at ? new Date(body.saved_at) : new Date()), body.note);
  }

  // Resolves once nothing of this field is on its way.
  async whenStill() {
    while (this.sending || this.recovering) await (this.recovering ?? this.sending);
  }

  // What stands here at a click, to be handed in or released as it is; nothing else goes out until it is let go.
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

  // Save what stands here now and release it. Resolves to whether that was done.
  async release() {
    const then = this.hold();
    await this.whenStill();
    const mayGo = ["idle", "dirty"].includes(this.state.phase);
    const decision = mayGo ? await this.sendOwn({}, then, { vrij: 1 }) : null;
    this.letGo();
    return decision?.kind === "saved";
  }

  // --- Two texts for one answer ---

  // Show both; both are kept whichever is chosen.
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
      this.from.clear(); // the person chose between them
      if (decision.kind === "overtaken") this.writer = newWriter(); // under its old name the server has more than this
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

  // Nothing is dropped by choosing. What was typed since, and copies of other pages, the server has not seen: they go
  // out to be kept under «Eerdere versies», and stay on the device until they are there.
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
  }

  // Nothing goes out any more: the person is signing out, or is somebody else by now.
  close() {
    clearTimeout(this.timer);
    this.isClosed = true;
  }
}
