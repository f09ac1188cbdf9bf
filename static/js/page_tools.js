// The buttons to print a page and to copy a text. Without JavaScript they stay hidden, and users do both themselves. They
// are in one file, because a first visit to a case has a limited number of requests.

for (const button of document.querySelectorAll("[data-print]")) {
  button.hidden = false;
  button.addEventListener("click", () => window.print());
}

function select(element) {
  const range = document.createRange();
  range.selectNodeContents(element);
  const selection = getSelection();
  selection.removeAllRanges();
  selection.addRange(range);
}

for (const button of document.querySelectorAll("[data-copy]")) {
  const source = document.getElementById(button.dataset.copy);
  const status = button.closest("section").querySelector("[data-copied]");
  button.hidden = false;
  button.addEventListener("click", async () => {
    try {
      await navigator.clipboard.writeText(source.textContent.trim());
      status.textContent = button.dataset.done;
    } catch {
      select(source); // browsers refuse on an address without https, or when the user does not allow it
      status.textContent = button.dataset.failed;
    }
  });
}
