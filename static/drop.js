// A form marked data-drop is sent with the file that is dropped on it; chosen files are sent by its button, as without this.

function carriesFiles(event) {
  return event.dataTransfer?.types.includes("Files");
}

for (const form of document.querySelectorAll("form[data-drop]")) {
  const zone = form.querySelector("[data-drop-zone]");
  const input = form.querySelector("input[type=file]");
  for (const part of form.querySelectorAll("[data-drop-only]")) part.hidden = false;
  // A file that misses the zone would otherwise replace the page, so all of the page takes it.
  window.addEventListener("dragover", (event) => {
    if (!carriesFiles(event)) return;
    event.preventDefault();
    zone.classList.add("is-over");
  });
  window.addEventListener("dragleave", (event) => {
    if (event.relatedTarget === null) zone.classList.remove("is-over");
  });
  window.addEventListener("drop", (event) => {
    if (!carriesFiles(event)) return;
    event.preventDefault();
    zone.classList.remove("is-over");
    const one = new DataTransfer();
    one.items.add(event.dataTransfer.files[0]);
    input.files = one.files;
    input.dispatchEvent(new Event("change", { bubbles: true }));
    form.requestSubmit();
  });
}
