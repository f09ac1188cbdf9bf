// A button that prints the page. Without JavaScript it stays hidden; the menu of the browser prints the same.

for (const button of document.querySelectorAll("[data-print]")) {
  button.hidden = false;
  button.addEventListener("click", () => window.print());
}
