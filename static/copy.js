// Buttons with data-copy="the text" or data-copy-from="#the-element" copy it and say so.

async function copy(text) {
  if (navigator.clipboard) return navigator.clipboard.writeText(text);
  // Plain HTTP to another machine has no clipboard interface; the old command still works there.
  const field = document.createElement("textarea");
  field.value = text;
  field.className = "visually-hidden";
  document.body.append(field);
  field.select();
  const done = document.execCommand("copy");
  field.remove();
  if (!done) throw new Error("The browser did not let the text be copied.");
}

document.addEventListener("click", async (event) => {
  const button = event.target.closest("[data-copy], [data-copy-from]");
  if (!button) return;
  const text = button.dataset.copy ?? document.querySelector(button.dataset.copyFrom).textContent;
  button.dataset.label ??= button.textContent;
  let outcome = "Copied";
  try {
    await copy(text);
    button.classList.add("is-copied");
  } catch {
    outcome = "Not copied";
    window.prompt("The browser did not let this be copied. Copy it from here:", text);
  }
  button.textContent = outcome;
  document.dispatchEvent(new CustomEvent("hub:announce", { detail: `${outcome}.` }));
  setTimeout(() => {
    button.textContent = button.dataset.label;
    button.classList.remove("is-copied");
  }, 1500);
});
