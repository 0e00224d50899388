// Says what became of a request that htmx sent and that failed; all that stands on the page stays as it is.

const SENTENCES = {
  0: "The hub did not answer. Try again in a moment.",
  401: "You are signed out. Sign in in another tab, then go on here.",
  403: "The hub did not take that. Reload the page, then try again.",
  404: "What that was about is not here any more. Reload the page.",
  429: "That was a lot at once. Wait a moment, then try again.",
};
const OURS = "Something went wrong on the hub's side. Try again in a moment.";

const notice = document.getElementById("failure");
const words = notice.querySelector("span");
const login = notice.querySelector("a");

function tell(status) {
  const sentence = SENTENCES[status] ?? OURS;
  if (!notice.hidden && words.textContent === sentence) return; // Said aloud once, however often a fragment is asked for.
  const here = encodeURIComponent(location.pathname + location.search);
  login.href = `${login.dataset.login}?next=${here}`;
  login.hidden = status !== 401;
  notice.hidden = false;
  words.textContent = sentence;
}

document.addEventListener("htmx:responseError", (event) => tell(event.detail.xhr.status));
document.addEventListener("htmx:sendError", () => tell(0));
document.addEventListener("htmx:afterRequest", (event) => {
  if (event.detail.successful) notice.hidden = true;
});
