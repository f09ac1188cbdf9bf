// A button that prints. Without JavaScript it stays hidden; the browser's own menu prints just as well.

for (const button of document.querySelectorAll("[data-print]")) {
  button.hidden = false;
  button.addEventListener("click", () => window.print());
}
