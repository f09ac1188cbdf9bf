// The filters of the catalogue: htmx replaces the results, and this module updates the fields to match them.
// The fields themselves are never replaced, so the focus, an open list and a half-typed word are preserved.

const form = document.getElementById("kiezen");
const filters = form.querySelector(".filters");
const chosen = document.getElementById("gekozen");
const order = document.getElementById("volgorde");
let refocus = false;

form.addEventListener("click", (event) => {
  const chip = event.target.closest("a[data-option], a[data-clear]");
  if (!chip || event.ctrlKey || event.metaKey || event.shiftKey) return;
  const gone = chip.dataset.option
    ? [document.getElementById(chip.dataset.option)]
    : [...form.querySelectorAll("input:checked")];
  if (!gone[0]) return;
  event.preventDefault();
  for (const box of gone) box.checked = false;
  refocus = true;
  gone[0].dispatchEvent(new Event("change", { bubbles: true }));
});

// On a phone the filters cover the results; the button under them closes the filters and shows the results.
form.addEventListener("submit", (event) => {
  if (event.submitter?.dataset.show === undefined) return;
  filters.open = false;
  filters.nextElementSibling.scrollIntoView();
  document.getElementById("resultaten").focus({ preventScroll: true }); // the button is hidden now
});

document.body.addEventListener("htmx:afterSettle", () => {
  const counts = document.getElementById("tellingen");
  if (!counts) return;
  for (const row of counts.children) {
    const count = document.getElementById(row.dataset.for)?.closest("label").querySelector(".option__n");
    if (!count) continue;
    count.dataset.n = row.textContent;
    count.firstElementChild.textContent = row.textContent;
  }
  const ticked = form.querySelectorAll("input:checked").length;
  chosen.textContent = ticked ? `${ticked} gekozen` : "";
  sortingFor(Boolean(counts.dataset.searching));
  counts.remove();
  if (refocus) (form.querySelector(".chip") ?? document.getElementById("q")).focus();
  refocus = false;
});

// Without new results the old ones do not match the fields, so a message says that loading failed.
for (const trouble of ["htmx:sendError", "htmx:responseError"]) {
  form.addEventListener(trouble, () => {
    document.getElementById("gevonden").textContent = form.dataset.failed;
  });
}

// With a search term the default order is the best match and «number» is a second choice; otherwise it is the number.
function sortingFor(searching) {
  const [byItself] = order.options;
  byItself.textContent = searching ? byItself.dataset.searching : byItself.dataset.plain;
  const byNumber = order.querySelector("[data-searching-only]");
  if (!searching && byNumber.selected) byItself.selected = true;
  byNumber.hidden = byNumber.disabled = !searching;
}
