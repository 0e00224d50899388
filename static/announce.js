// Says aloud, once, what a swapped-in fragment has to announce: any element may carry data-announce="A sentence."
// A job that is asked for each second keeps its sentence while its state is the same, and stays quiet.

const announcer = document.getElementById("announcer");
let last = "";

function announce(sentence) {
  if (!sentence || sentence === last) return;
  last = sentence;
  announcer.textContent = sentence;
}

document.addEventListener("htmx:load", (event) => {
  const fragment = event.detail.elt;
  if (fragment === document.body) return;
  const speaker = fragment.matches("[data-announce]") ? fragment : fragment.querySelector("[data-announce]");
  announce(speaker?.dataset.announce.trim());
});

document.addEventListener("hub:announce", (event) => announce(event.detail));
