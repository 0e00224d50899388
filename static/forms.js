// What a form does for the person in front of it; each form works without this.
//
// On arrival the first wrong field takes the focus, where its error is read aloud with it. A wrong field in a closed fold
// opens the fold, since a browser refuses to send such a form and cannot show why. A field with data-slug-of="id" is
// filled in from that field until somebody types in it, as the server would fill it in.

for (const field of document.querySelectorAll("main [aria-invalid='true']")) {
  const fold = field.closest("details");
  if (fold) fold.open = true;
}
document.querySelector("main [aria-invalid='true']")?.focus();

document.addEventListener(
  "invalid",
  (event) => {
    const fold = event.target.closest("details");
    if (fold) fold.open = true;
  },
  true,
);

function slugOf(title, most) {
  const plain = title.normalize("NFKD").replace(/[^\x00-\x7f]/g, "").toLowerCase();
  const words = plain.replace(/[^\w\s-]/g, "").replace(/[-\s]+/g, "-");
  return words.slice(0, most).replace(/^[-_]+|[-_]+$/g, "");
}

for (const slug of document.querySelectorAll("[data-slug-of]")) {
  const title = document.getElementById(slug.dataset.slugOf);
  let isOurs = slug.value === "";
  slug.addEventListener("input", () => (isOurs = slug.value === ""));
  title.addEventListener("input", () => {
    if (isOurs) slug.value = slugOf(title.value, slug.maxLength > 0 ? slug.maxLength : undefined);
  });
}
