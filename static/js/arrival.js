// Where the focus goes when a page opens after an act, such as handing in or moving an assignment.
//
// The message about the act moves to the place that the address names and gets the focus, so that it is in view and is
// read aloud. Without a message, an address that opens a field for writing puts the caret there. Without a script the
// message stays at the top of the page.

function moveTo(messages, place) {
  if (place.matches("article, section, form")) place.prepend(messages);
  else place.after(messages);
  messages.classList.remove("wrap");
  messages.classList.add("messages--here");
}

function arrive() {
  const place = document.querySelector("main :target");
  const messages = document.querySelector("main > .messages");
  const isBusy = document.activeElement.matches("input, textarea, select"); // the page took long to load
  if (messages) {
    if (place) moveTo(messages, place);
    if (isBusy) return;
    messages.tabIndex = -1;
    messages.focus({ preventScroll: true });
    if (place) place.scrollIntoView({ behavior: "instant" });
  } else if (place && !isBusy && new URLSearchParams(location.search).has("bewerk")) {
    const area = place.querySelector("textarea:not([readonly])");
    area?.focus();
    area?.setSelectionRange(area.value.length, area.value.length);
  }
}

// Chromium scrolls to the place, and takes the focus, in the frame after the page has loaded.
export function arriveOnceLoaded() {
  const afterNextFrame = () => requestAnimationFrame(() => requestAnimationFrame(arrive));
  if (document.readyState === "complete") afterNextFrame();
  else addEventListener("load", afterNextFrame, { once: true });
}
