// Beside the fields of a case: a preview of each text, a check of names against the vocabulary, and a list of errors.

const addresses = document.getElementById("ernaast");
const question = document.getElementById("naam-vraag");
const PAUSE = 350;

// --- Preview: a page of the site in a frame, filled with the HTML that the server makes of the text ---

function look(field) {
  const wide = document.createElement("div");
  wide.className = "beside";
  field.before(wide);
  const frame = document.createElement("iframe");
  frame.src = `${addresses.dataset.preview}?veld=${field.dataset.preview}`;
  frame.title = `${addresses.dataset.frameTitle} ${field.labels[0].textContent.replace(":", "").toLowerCase()}`;
  frame.setAttribute("sandbox", "allow-same-origin allow-popups allow-popups-to-escape-sandbox");
  wide.append(field, frame);

  let asked = null;
  let timer = null;
  const show = async () => {
    asked?.abort();
    const place = frame.contentDocument?.querySelector("[data-text]");
    if (field.value.length > Number(addresses.dataset.most)) {
      if (place) place.textContent = addresses.dataset.tooLong;
      return;
    }
    asked = new AbortController();
    const body = new URLSearchParams({ text: field.value });
    const token = field.form.elements.csrfmiddlewaretoken.value;
    const headers = { "X-CSRFToken": token, "X-Requested-With": "XMLHttpRequest" };
    try {
      const options = { method: "POST", body, headers, signal: asked.signal };
      const response = await fetch(addresses.dataset.preview, options);
      frame.classList.toggle("is-behind", !response.ok);
      if ((response.ok || response.status === 413) && place) place.innerHTML = await response.text();
    } catch (error) {
      if (error.name !== "AbortError") frame.classList.add("is-behind");
    }
  };
  frame.addEventListener("load", () => {
    const theme = document.documentElement.dataset.theme ?? "auto";
    if (!frame.contentDocument) return; // signed out: the form reports that when it is saved
    frame.contentDocument.documentElement.style.colorScheme = theme === "auto" ? "" : theme;
    show();
  });
  field.addEventListener("scroll", () => {
    const page = frame.contentDocument?.documentElement;
    const share = field.scrollTop / Math.max(1, field.scrollHeight - field.clientHeight);
    if (page) page.scrollTop = share * (page.scrollHeight - page.clientHeight);
  });
  field.addEventListener("input", () => {
    clearTimeout(timer);
    timer = setTimeout(show, PAUSE);
  });
  field.form.addEventListener("casusboek:filled", show);
}

// --- Names that are not in the vocabulary ---

function inRow(field, name) {
  return field.form.elements[field.name.replace(/-\w+$/, `-${name}`)];
}

function said(field) {
  const next = field.nextElementSibling;
  return next?.matches(".name-check") ? next : null;
}

function place(field) {
  const made = question.content.cloneNode(true).querySelector(".name-check");
  field.after(made);
  return made;
}

function settle(field, isNew, sphere) {
  const tick = inRow(field, "is_new");
  const select = inRow(field, "sphere");
  tick.checked = isNew;
  if (select) {
    select.disabled = !isNew;
    select.value = sphere;
  }
  field.form.dispatchEvent(new Event("change")); // editor.js saves a copy
}

function button(text, act) {
  const made = document.createElement("button");
  made.type = "button";
  made.className = "button";
  made.textContent = text;
  made.addEventListener("click", act);
  return made;
}

function ask(field, answer) {
  const box = said(field) ?? place(field);
  const part = (name) => box.querySelector(`[data-${name}]`);
  const tick = inRow(field, "is_new");
  const sphere = inRow(field, "sphere");
  const isMade = tick.checked && (tick.dataset.name ?? answer.name) === answer.name;
  const show = (made) => {
    part("ways").hidden = made;
    part("made").hidden = !made;
  };
  const take = (name) => {
    field.value = name;
    field.focus();
    field.dispatchEvent(new Event("change", { bubbles: true }));
  };
  const make = () => {
    settle(field, true, sphere?.value ?? "");
    show(true);
    (sphere ?? field).focus();
  };
  part("name").textContent = answer.name;
  part("alike").hidden = answer.alike.length === 0;
  part("unknown").hidden = answer.alike.length > 0;
  const takes = answer.alike.map((name) => button(`${box.dataset.take} «${name}»`, () => take(name)));
  part("ways").replaceChildren(...takes, button(`${box.dataset.make} «${answer.name}»`, make));
  show(isMade);
  box.hidden = false;
  tick.dataset.name = answer.name;
  settle(field, isMade, isMade ? (sphere?.value ?? "") : "");
}

// The list on the page has most names. The server is asked about others, which may exist in another spelling.
async function lookUp(field, name) {
  const option = [...field.list.options].find((each) => each.value === name);
  if (option) return { name, same: name, sphere: option.dataset.sphere ?? "", alike: [] };
  const query = new URLSearchParams({ soort: field.dataset.vocabulary, naam: name });
  try {
    const response = await fetch(`${addresses.dataset.check}?${query}`, {
      headers: { "X-Requested-With": "XMLHttpRequest" },
    });
    return response.ok ? await response.json() : null;
  } catch {
    return null; // the server checks the name when the form is saved
  }
}

async function check(field) {
  const name = field.value.trim().replace(/\s+/g, " ");
  const answer = name ? await lookUp(field, name) : { same: "", sphere: "" };
  if (!answer || field.value.trim().replace(/\s+/g, " ") !== name) return;
  if (answer.same === null) {
    ask(field, answer);
    return;
  }
  field.value = answer.same;
  if (said(field)) said(field).hidden = true;
  settle(field, false, answer.sphere);
}

// On a narrow screen a row of a table is shown as a list, with the name of its column before each field.
function label(table) {
  const names = [...table.querySelectorAll("thead th")].map((each) => each.textContent.trim());
  for (const row of table.querySelectorAll("tbody tr.form-row")) {
    [...row.cells].forEach((cell, index) => {
      cell.dataset.label = names[index];
    });
  }
  table.classList.add("has-labels");
}

// A form with errors lists them at its top, with links to the fields.
function point(note) {
  const items = document.createElement("ul");
  for (const list of document.querySelectorAll("#case_form .errorlist:not(.nonfield)")) {
    const field = list.parentElement.querySelector("textarea, select, input:not([type=hidden])");
    if (!field) continue;
    const link = document.createElement("a");
    const name = field.ariaLabel ?? list.parentElement.querySelector("label").textContent.trim().replace(/:$/, "");
    link.href = `#${field.id}`;
    link.textContent = `${name}: ${list.textContent.trim()}`;
    const item = document.createElement("li");
    item.append(link);
    items.append(item);
  }
  note.append(items);
}

document.querySelectorAll("#case_form .tabular table").forEach(label);
document.querySelectorAll("#case_form .errornote").forEach(point);

if (addresses) {
  const form = document.getElementById("case_form");
  document.body.classList.add("with-name-check");
  document.querySelectorAll("textarea[data-preview]").forEach(look);
  form.addEventListener("change", (event) => {
    if (event.target.matches?.("[data-vocabulary]")) check(event.target);
  });
  const checkAll = () => form.querySelectorAll("[data-vocabulary]:not([name*=__prefix__])").forEach(check);
  form.addEventListener("casusboek:filled", checkAll);
  form.addEventListener("formset:added", (event) => event.target.querySelectorAll("[data-vocabulary]").forEach(check));
  checkAll();
}
