// The form of a case: typed text is saved on the device from the first letter (copies.js), and can be restored.

import { copies, flush, keep, keyOf, offer, settle, settled } from "./copies.js";

const form = document.getElementById("case_form");
const line = document.querySelector("[data-kept]");
const OURS = /^(csrfmiddlewaretoken|user|prose|device_copy)$/;
const MANAGEMENT = /-(TOTAL|INITIAL|MIN_NUM|MAX_NUM)_FORMS$/;

// Return the row that a field is in: questions-2-text is field "text" of row 2 of the questions.
function parts(name) {
  const found = /^(\w+)-(\d+)-(\w+)$/.exec(name);
  return found && { prefix: found[1], index: Number(found[2]), field: found[3] };
}

function prefixes() {
  return [...form.elements].filter((each) => /-TOTAL_FORMS$/.test(each.name)).map((each) => each.name.slice(0, -12));
}

function total(prefix) {
  return Number(form.elements[`${prefix}-TOTAL_FORMS`].value);
}

function fields() {
  return [...form.elements].filter(
    (each) =>
      each.name &&
      !OURS.test(each.name) &&
      !MANAGEMENT.test(each.name) &&
      !each.name.includes("__prefix__") &&
      !["submit", "button"].includes(each.type),
  );
}

function valueNow(field) {
  if (["checkbox", "radio"].includes(field.type)) return field.checked ? field.value : "";
  return field.value;
}

// Return the value that the page was served with, even if text was typed before this script ran.
function valueBefore(field) {
  if (["checkbox", "radio"].includes(field.type)) return field.defaultChecked ? field.value : "";
  if (field.options)
    return ([...field.options].find((option) => option.defaultSelected) ?? field.options[0])?.value ?? "";
  return field.defaultValue;
}

// Return the contents of the form: fields by name, and for each kind of row a list of the rows that are not empty.
function read(value = valueNow) {
  const values = { fields: {}, rows: {} };
  const rows = Object.fromEntries(prefixes().map((prefix) => [prefix, []]));
  for (const field of fields()) {
    const place = parts(field.name);
    if (place) rows[place.prefix][place.index] ??= {};
    const into = place ? rows[place.prefix][place.index] : values.fields;
    const name = place ? place.field : field.name;
    const stands = value(field);
    if (name !== "case" && (stands || !(name in into))) into[name] = stands;
  }
  for (const [prefix, found] of Object.entries(rows)) {
    values.rows[prefix] = found.filter((row) => row && Object.values(row).some(Boolean));
  }
  return values;
}

function fill(field, value) {
  if (field.type === "checkbox" || field.type === "radio") field.checked = value !== "" && field.value === value;
  else field.value = value;
}

function fillRow(prefix, index, row) {
  for (const field of fields()) {
    const place = parts(field.name);
    const isHere = place && place.prefix === prefix && place.index === index;
    if (isHere && !["id", "case"].includes(place.field)) fill(field, row[place.field] ?? "");
  }
}

function isEmpty(prefix, index) {
  return fields().every((field) => {
    const place = parts(field.name);
    const isHere = place && place.prefix === prefix && place.index === index && place.field !== "case";
    return !isHere || !valueNow(field);
  });
}

// Return the row of the form for a row of a copy: the one with the same id, an empty one, or a new one.
function rowFor(prefix, row, taken) {
  const indexes = Array.from({ length: total(prefix) }, (_, index) => index).filter((index) => !taken.has(index));
  const same = row.id && indexes.find((index) => form.elements[`${prefix}-${index}-id`].value === row.id);
  const found = same || same === 0 ? same : indexes.find((index) => isEmpty(prefix, index));
  if (found !== undefined) return found;
  document.querySelector(`#${prefix}-group .add-row a`).click();
  return total(prefix) - 1;
}

function write(values) {
  for (const field of fields()) {
    if (!parts(field.name) && field.name in values.fields) fill(field, values.fields[field.name]);
  }
  for (const prefix of prefixes()) {
    const taken = new Set();
    for (const row of values.rows[prefix] ?? []) {
      const index = rowFor(prefix, row, taken);
      taken.add(index);
      fillRow(prefix, index, row);
    }
  }
  form.dispatchEvent(new CustomEvent("casusboek:filled"));
}

function cookie(name) {
  const pair = document.cookie.split("; ").find((each) => each.startsWith(`${name}=`));
  return pair ? decodeURIComponent(pair.slice(name.length + 1)) : "";
}

function randomWriter() {
  return [...crypto.getRandomValues(new Uint8Array(8))].map((byte) => byte.toString(16).padStart(2, "0")).join("");
}

function say(name) {
  const time = new Date().toLocaleTimeString("nl-NL", { hour: "2-digit", minute: "2-digit" });
  const text = name ? line.dataset[name].replace("{}", time) : "";
  if (line.textContent !== text) line.textContent = text;
  line.hidden = !text;
}

// Show how many characters are left in a field that is almost full.
function counts(field) {
  const limit = Number(field.dataset.limit);
  if (!limit) return;
  const place = field.closest(".beside") ?? field; // beside.js puts a preview next to it
  let said = place.nextElementSibling?.matches("[data-left]") ? place.nextElementSibling : null;
  const left = field.value.length < limit * 0.9 ? limit : limit - [...field.value].length;
  if (!said && left > limit / 10) return;
  if (!said) {
    said = Object.assign(document.createElement("p"), { className: "help" });
    said.dataset.left = "";
    said.setAttribute("role", "status");
    place.after(said);
  }
  const number = (count) => count.toLocaleString("nl-NL");
  said.hidden = left > limit / 10;
  const words = line.dataset[left < 0 ? "tooLong" : "left"];
  said.textContent = words.replace("{}", number(Math.abs(left))).replace("{}", number(limit));
}

function watch() {
  const place = line.dataset.kept;
  let before = form.elements.device_copy.value.split(" ").filter(Boolean);
  // Each page has its own writer: two pages may have been served with the same copy.
  let writer = randomWriter();
  let seq = 0;
  const asSaved = before.length ? null : JSON.stringify(read(valueBefore));

  // Save a copy of the form. Resolves to whether the text is safe: on the device, or the same as in the database.
  const note = async () => {
    const values = read();
    const key = keyOf(place, writer);
    seq += 1;
    const now = seq;
    if (JSON.stringify(values) === asSaved) {
      say("");
      await settle(key, now);
      return true;
    }
    if (line.hidden) say("pending");
    const title = values.fields.title;
    const isKept = await keep(key, { values, seq: now, title, page: window.location.pathname, at: Date.now() });
    if (isKept && now !== seq) return true; // more was typed since, and a later call saves it
    say(isKept ? "onDevice" : "nowhere");
    return isKept || (await copies(place)).some((copy) => copy.key === key && copy.seq >= now);
  };

  const restore = async (shown) => {
    const copy = (await copies(place)).find((each) => each.key === shown.key) ?? shown; // it may be newer
    writer = randomWriter(); // the text typed until now stays a separate copy
    write(copy.values);
    form.elements.title.focus();
    if (await note()) await settle(copy.key, copy.seq);
  };

  // A form that is shown again with errors replaces the copy that was sent with it, unless more was typed in that copy.
  const takeOver = async () => {
    if (!(await note())) return;
    const sent = before.map((each) => each.split("."));
    await Promise.all(sent.map(([name, last]) => settle(keyOf(place, name), Number(last))));
    before = [];
  };

  const offerOthers = async () => {
    const others = (await copies(place)).filter((copy) => copy.key !== keyOf(place, writer));
    const same = others.filter((copy) => JSON.stringify(copy.values) === asSaved);
    await Promise.all(same.map((copy) => settle(copy.key, copy.seq)));
    offer(
      others.filter((copy) => !same.includes(copy)),
      restore,
    );
  };

  form.addEventListener("input", note);
  form.addEventListener("input", (event) => counts(event.target));
  form.addEventListener("casusboek:filled", () => fields().forEach(counts));
  form.addEventListener("change", note);
  form.addEventListener("formset:added", note);
  document.addEventListener("formset:removed", note);
  form.addEventListener("submit", () => {
    note();
    flush(); // start writing to disk before the reply can confirm it
    // Remove the anchor of a field, or the page would scroll past the message that the case was saved.
    history.replaceState(null, "", window.location.pathname + window.location.search);
    form.elements.device_copy.value = [`${writer}.${seq}`, ...before].join(" "); // this form contains all these copies
    form.elements.csrfmiddlewaretoken.value = cookie("csrftoken") || form.elements.csrfmiddlewaretoken.value;
  });
  fields().forEach(counts);
  const begun = JSON.stringify(read()) === asSaved ? Promise.resolve() : takeOver();
  Promise.all([begun, settled]).then(offerOthers);
}

if (form && line && form.elements.device_copy) watch();
