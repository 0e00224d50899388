// Where a swap takes away what had the focus, a keyboard would start anew at the top of the page. Inside an element with
// data-focus-after="a selector" the focus goes to what the selector finds: the one in the place of that which was used, or
// the last where there are fewer now.

let after = null;

document.addEventListener("htmx:beforeRequest", (event) => {
  const asker = event.detail.elt;
  const selector = asker.closest("[data-focus-after]")?.dataset.focusAfter;
  if (!selector || !asker.contains(document.activeElement)) return;
  const place = [...document.querySelectorAll(selector)].findIndex((found) => asker.contains(found));
  after = { selector, place: Math.max(place, 0) };
});

document.addEventListener("htmx:afterSettle", () => {
  if (!after || document.activeElement !== document.body) return;
  const found = [...document.querySelectorAll(after.selector)];
  found[Math.min(after.place, found.length - 1)]?.focus();
  after = null;
});
