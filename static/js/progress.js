// Updates the table of progress during a lesson: asks the server for changes, and updates only those cells. It never
// moves the focus or the scroll position, and announces in one line how many answers were handed in.

const EVERY = 10000;
const SLOWEST = 120000;
const table = document.getElementById("voortgang");
const region = table.parentElement;
const line = document.getElementById("bijwerken");
const words = line.dataset; // the sentences of the lines, from the template
const pause = line.querySelector("[data-pause]");
const states = new Map(
  [...document.querySelectorAll("[data-state]")].map(({ dataset: { state, look, word } }) => [state, { look, word }]),
);
let wait = EVERY;
let timer = 0;
let isPaused = false;
let isAsking = false;
let lastTime = new Date();

function clock() {
  return lastTime.toLocaleTimeString("nl-NL", { hour: "2-digit", minute: "2-digit" });
}

function say(what) {
  line.querySelector("[data-line]").textContent = `${words[what]} ${clock()}.`;
}

function announce(text) {
  const region = document.getElementById("melding");
  region.textContent = "";
  requestAnimationFrame(() => {
    region.textContent = text;
  });
}

function tell(arrived) {
  if (arrived > 0) announce(arrived === 1 ? words.one : words.more.replace("0", arrived));
}

// Name the student and the question in every cell, for screen readers that read a list of links or a single cell. The
// visible words come first: users of speech input say those.
function nameRow(row) {
  const [head, ...cells] = row.cells;
  const student = head.querySelector("a").textContent;
  const asked = table.tHead.rows[1].cells;
  for (const [place, cell] of cells.slice(0, asked.length).entries()) {
    (cell.firstElementChild || cell).setAttribute(
      "aria-label",
      `${cell.textContent}: ${student}, ${asked[place].dataset.name}`,
    );
  }
}

// For users with a pointer, an icon without its word has a tooltip, as on every page.
table.addEventListener("pointerover", ({ target }) => {
  const named = target.closest("td [aria-label], td[aria-label]");
  if (named) named.title = named.getAttribute("aria-label");
});

function nameAll() {
  for (const row of table.querySelectorAll("tr[data-tag]")) nameRow(row);
}

function fill(cell, state, path) {
  const { look, word } = states.get(state);
  if (cell.classList.contains(look) && cell.textContent === word) return false;
  const link = cell.querySelector("a");
  const isOpen = state !== "leeg" && state !== "bezig";
  const isFocused = link !== null && link === document.activeElement;
  for (const name of ["aria-label", "title"]) cell.removeAttribute(name);
  cell.className = look;
  if (link && (isOpen || isFocused)) {
    link.textContent = word; // the link is not replaced, since it may have the focus
  } else if (isOpen) {
    const made = document.createElement("a");
    made.href = path;
    made.textContent = word;
    cell.replaceChildren(made);
  } else {
    cell.replaceChildren(word);
  }
  return true;
}

function show(changes) {
  const asked = table.tHead.rows[1].cells;
  let arrived = 0;
  for (const cell of table.querySelectorAll(".fresh")) cell.classList.remove("fresh");
  for (const [tag, row] of Object.entries(changes.rows)) {
    const element = rowOf(tag);
    const cells = [...element.cells].slice(1);
    row.states.forEach((state, place) => {
      if (!fill(cells[place], state, `${tag}/${asked[place].dataset.asked}/`)) return;
      cells[place].classList.add("fresh");
      if (state === "ingeleverd") arrived += 1;
    });
    cells[asked.length].querySelector("b").textContent = row.handed_in;
    cells[asked.length + 1].textContent = row.waiting;
    cells[asked.length + 1].classList.toggle("soft", row.waiting === 0);
    nameRow(element);
  }
  changes.columns.forEach(([handedIn, toRead], place) => {
    table.tFoot.rows[0].cells[place + 1].textContent = handedIn;
    table.tFoot.rows[1].cells[place + 1].textContent = toRead;
  });
  for (const [state, count] of Object.entries(changes.states)) {
    document.querySelector(`[data-state="${state}"] b`).textContent = count;
  }
  for (const [name, count] of Object.entries(changes.totals)) {
    for (const place of document.querySelectorAll(`[data-total="${name}"]`)) place.textContent = count;
  }
  tell(arrived);
}

// Replace the table if it has other students or questions, with the same focus and the same row on top.
async function showOtherTable() {
  const reply = await fetch(table.dataset.page, { headers: { "X-Requested-With": "XMLHttpRequest" } });
  if (!reply.ok) throw reply;
  const page = new DOMParser().parseFromString(await reply.text(), "text/html");
  const other = page.getElementById("voortgang");
  if (!other) return location.reload(); // there are no students or questions left
  const before = toRead();
  const place = placeOf(document.activeElement);
  const top = topRow();
  table.className = other.className;
  table.replaceChildren(...other.children);
  for (const part of [".legend", ".tally", ".left-out"])
    document.querySelector(part).replaceWith(page.querySelector(part));
  for (const name of ["since", "page", "changes"]) table.dataset[name] = other.dataset[name];
  nameAll();
  if (top) region.scrollTop += rowOf(top.tag) ? rowOf(top.tag).getBoundingClientRect().top - top.at : 0;
  if (place) placed(place)?.focus({ preventScroll: true });
  tell(toRead() - before);
}

function toRead() {
  return Number(document.querySelector("dd[data-total=waiting]").textContent);
}

function rowOf(tag) {
  return table.querySelector(`tr[data-tag="${CSS.escape(tag)}"]`);
}

function placeOf(element) {
  const cell = table.contains(element) && element.closest("th, td");
  if (!cell) return null;
  const { tag } = cell.parentElement.dataset;
  return { tag, row: tag ? 0 : [...table.rows].indexOf(cell.parentElement), cell: cell.cellIndex };
}

function placed({ tag, row, cell }) {
  return (tag ? rowOf(tag) : table.rows[row])?.cells[cell]?.querySelector("a");
}

function topRow() {
  const under = table.tHead.getBoundingClientRect().bottom;
  const row = [...table.querySelectorAll("tr[data-tag]")].find((one) => one.getBoundingClientRect().bottom > under);
  return row && { tag: row.dataset.tag, at: row.getBoundingClientRect().top };
}

async function ask() {
  isAsking = true;
  const url = new URL(table.dataset.changes, location.href);
  url.searchParams.set("sinds", table.dataset.since);
  try {
    const reply = await fetch(url, { headers: { "X-Requested-With": "XMLHttpRequest" }, cache: "no-store" });
    if ([401, 403, 404].includes(reply.status)) return stop(reply.status === 401 ? "signedout" : "gone");
    if (!reply.ok) throw reply;
    if (reply.status === 200) {
      const changes = await reply.json();
      if (changes.is_other_table) {
        await showOtherTable();
      } else {
        show(changes);
        table.dataset.since = changes.since;
      }
    }
    lastTime = new Date();
    wait = EVERY;
    say("now");
  } catch {
    wait = Math.min(wait * 2, SLOWEST);
    say("lost");
  }
  isAsking = false;
  next();
}

function next() {
  clearTimeout(timer);
  if (!isPaused && !document.hidden) timer = setTimeout(ask, wait);
}

function stop(why) {
  isPaused = true;
  pause.hidden = true;
  line.querySelector("[data-again]").hidden = false;
  say(why);
  announce(line.querySelector("[data-line]").textContent);
}

pause.addEventListener("click", () => {
  isPaused = !isPaused;
  pause.setAttribute("aria-pressed", String(isPaused));
  say(isPaused ? "paused" : "now");
  if (isPaused) clearTimeout(timer);
  else if (!isAsking) ask();
});
document.addEventListener("visibilitychange", () => {
  if (document.hidden) clearTimeout(timer);
  else if (!isPaused && !isAsking) ask();
});
addEventListener("online", () => {
  if (!isPaused && !isAsking) ask();
});

nameAll();
say("now");
line.hidden = false;
next();
