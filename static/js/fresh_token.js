// Signing in in another tab changes the CSRF token, so the form reads the current one when it is submitted. Without
// this script the response is the same page with a fresh token, and the user has to click again.

function cookie(name) {
  const pair = document.cookie.split("; ").find((each) => each.startsWith(`${name}=`));
  return pair ? decodeURIComponent(pair.slice(name.length + 1)) : "";
}

document.querySelectorAll("form[data-fresh-token]").forEach((form) =>
  form.addEventListener("submit", () => {
    const token = form.elements.namedItem("csrfmiddlewaretoken");
    token.value = cookie("csrftoken") || token.value;
  }),
);
