// Signing in in another tab changes the token: the form takes the one that counts at the moment it is sent. Without this
// script the answer is the same page with a fresh token, and sending takes a second click.

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
