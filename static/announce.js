// Says aloud what a swapped-in fragment has to announce: any element with an id may carry data-announce="A sentence."
// A job that is asked for each second keeps its sentence while its state is the same, and stays quiet.

const announcer = document.getElementById("announcer");
const said = new Map(); // from an element's id to its last sentence

function announce(speaker) {
  const sentence = speaker.dataset.announce.trim();
  if (said.get(speaker.id) === sentence) return;
  said.set(speaker.id, sentence);
  announcer.textContent = sentence;
}

for (const speaker of document.querySelectorAll("[data-announce]")) {
  said.set(speaker.id, speaker.dataset.announce.trim());
}

document.addEventListener("htmx:load", (event) => {
  const fragment = event.detail.elt;
  if (fragment === document.body) return;
  const speaker = fragment.matches("[data-announce]") ? fragment : fragment.querySelector("[data-announce]");
  if (speaker) announce(speaker);
});

document.addEventListener("hub:announce", (event) => {
  announcer.textContent = event.detail;
});
