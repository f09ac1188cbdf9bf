// The projector page: keys and links replace the answer without loading a page, which would leave full screen.

const stage = document.querySelector(".stage");
const STEPS = "a[rel=prev], a[rel=next]"; // a question can have links too
const partsOf = (page) => [...page.querySelectorAll("[data-part]")];

async function show(address, { isNew = true } = {}) {
  const response = await fetch(address).catch(() => null);
  if (!response?.ok || response.redirected) return void location.assign(address); // that page explains the error
  const next = partsOf(new DOMParser().parseFromString(await response.text(), "text/html"));
  const { rel } = document.activeElement.closest(STEPS) ?? {};
  partsOf(stage).forEach((part, index) => part.replaceChildren(...next[index].childNodes));
  if (isNew) history.pushState(null, "", address);
  offerFullScreen();
  if (rel) (stage.querySelector(`a[rel=${rel}]`) ?? stage.querySelector(".stage__answer"))?.focus();
}

function step(rel) {
  const link = stage.querySelector(`a[rel=${rel}]`);
  if (link) show(link.href);
}

stage.addEventListener("click", (event) => {
  const link = event.target.closest(STEPS);
  if (!link || event.ctrlKey || event.metaKey || event.shiftKey) return;
  event.preventDefault();
  step(link.rel);
});

window.addEventListener("popstate", () => show(location.href, { isNew: false }));

// The keys of a slide show, which a remote control sends too.
const KEYS = { ArrowRight: "next", PageDown: "next", " ": "next", ArrowLeft: "prev", PageUp: "prev" };

document.addEventListener("keydown", (event) => {
  if (event.ctrlKey || event.metaKey || event.altKey || event.shiftKey || !Object.hasOwn(KEYS, event.key)) return;
  if (event.key === " " && event.target.matches("button")) return; // the key presses the button
  event.preventDefault();
  step(KEYS[event.key]);
});

function offerFullScreen() {
  const button = stage.querySelector("[data-full-screen]");
  button.hidden = !document.fullscreenEnabled || Boolean(document.fullscreenElement);
  button.addEventListener("click", () => document.documentElement.requestFullscreen());
}

document.addEventListener("fullscreenchange", () => {
  const button = stage.querySelector("[data-full-screen]");
  button.hidden = Boolean(document.fullscreenElement);
});
offerFullScreen();
