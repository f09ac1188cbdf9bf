// Marks feedback that came into view as seen: the next page no longer shows it as new. Nothing on this page changes.

import { post } from "./outbox.js";

const LONG_ENOUGH = 1500; // milliseconds in view; a user who scrolls past has not read it

const timers = new Map();
const watcher = new IntersectionObserver(
  (entries) => {
    for (const { target, isIntersecting } of entries) {
      clearTimeout(timers.get(target));
      if (isIntersecting)
        timers.set(
          target,
          setTimeout(() => tell(target), LONG_ENOUGH),
        );
    }
  },
  { rootMargin: "-15% 0px" },
);

function lookAgain(target) {
  watcher.unobserve(target);
  watcher.observe(target);
}

async function tell(target) {
  if (document.visibilityState !== "visible") {
    document.addEventListener("visibilitychange", () => lookAgain(target), { once: true });
    return;
  }
  watcher.unobserve(target);
  const reply = await post("/antwoorden/gezien/", { feedback: target.dataset.new, tot: target.dataset.released });
  if (reply.status === 0) window.addEventListener("online", () => lookAgain(target), { once: true });
}

document.querySelectorAll("[data-new]").forEach((element) => watcher.observe(element));
