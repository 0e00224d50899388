// Fragments that ask for themselves again and again. One that has nothing new to say is not swapped, so that the focus, a
// selection and a press of a button survive it; where there is something new, elements with an id and data-keep stay as far
// scrolled, and as open, as they were.

const TOKEN = /name="csrfmiddlewaretoken" value="[^"]*"/g; // Another mask of the same token in each answer.
const said = new Map(); // from a fragment's id to its last answer
const kept = new Map(); // from an element's id to how somebody left it

document.addEventListener("htmx:beforeSwap", (event) => {
  const fragment = event.detail.elt;
  if (!fragment.getAttribute("hx-trigger")?.startsWith("every")) return;
  const answer = event.detail.xhr.responseText.replace(TOKEN, "");
  if (said.get(fragment.id) === answer) event.detail.shouldSwap = false;
  said.set(fragment.id, answer);
  for (const { id, scrollLeft, scrollTop, open } of fragment.querySelectorAll("[data-keep]")) {
    kept.set(id, { scrollLeft, scrollTop, open });
  }
});

document.addEventListener("htmx:afterSwap", () => {
  for (const [id, how] of kept) {
    const element = document.getElementById(id);
    if (!element) continue;
    element.scrollTo(how.scrollLeft, how.scrollTop);
    if (how.open !== undefined) element.open = how.open;
  }
  kept.clear();
});
