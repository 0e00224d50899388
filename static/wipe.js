// Turns a pair of pictures ([data-wipe], see _components/compare.html) into a before/after wipe: one range input, moved by
// the keyboard or by dragging anywhere on the picture. Without this script the pair simply stands side by side.

function place(compare) {
  const range = compare.querySelector("[data-wipe-range]");
  range.parentElement.style.setProperty("--at", `${range.value}%`);
}

function show(compare, view) {
  compare.dataset.view = view;
  compare.querySelector("[data-wipe-range]").hidden = view !== "wipe";
  for (const button of compare.querySelectorAll("[data-wipe-view]")) {
    button.setAttribute("aria-pressed", String(button.dataset.wipeView === view));
  }
  place(compare);
}

function drag(event, compare) {
  const range = compare.querySelector("[data-wipe-range]");
  const box = range.parentElement.getBoundingClientRect();
  range.value = String((100 * (event.clientX - box.left)) / box.width);
  place(compare);
}

function enhance(compare) {
  if (compare.dataset.wipe === "ready") return;
  compare.dataset.wipe = "ready";
  compare.querySelector("[data-wipe-views]").hidden = false;
  const range = compare.querySelector("[data-wipe-range]");
  const stage = range.parentElement;
  range.addEventListener("input", () => place(compare));
  stage.addEventListener("pointerdown", (event) => {
    if (compare.dataset.view !== "wipe" || event.button !== 0) return;
    event.preventDefault();
    stage.setPointerCapture(event.pointerId);
    range.focus({ focusVisible: false });
    drag(event, compare);
  });
  stage.addEventListener("pointermove", (event) => {
    if (stage.hasPointerCapture(event.pointerId)) drag(event, compare);
  });
  for (const button of compare.querySelectorAll("[data-wipe-view]")) {
    button.addEventListener("click", () => show(compare, button.dataset.wipeView));
  }
}

function enhanceAll(root) {
  for (const compare of root.querySelectorAll("[data-wipe]")) enhance(compare);
}

enhanceAll(document);
document.addEventListener("htmx:load", (event) => enhanceAll(event.detail.elt));
