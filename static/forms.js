// What a form does for the person in front of it; each form works without this.
//
// A form that is being sent is not sent a second time. A file larger than data-most-bytes is refused before it is sent.
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

const PATIENCE = 10_000; // milliseconds after which a form that got no answer may be sent again
let underWay = new WeakSet();

document.addEventListener("submit", (event) => {
  const form = event.target;
  if (event.defaultPrevented || form.method !== "post") return; // A script sends it, or it changes nothing.
  if (underWay.has(form)) event.preventDefault();
  underWay.add(form);
  setTimeout(() => underWay.delete(form), PATIENCE);
});
window.addEventListener("pageshow", () => (underWay = new WeakSet()));

function inWords(bytes, rounded) {
  return bytes < 1e6 ? `${rounded(bytes / 1e3)} kB` : `${rounded(bytes / 1e5) / 10} MB`;
}

document.addEventListener("change", (event) => {
  const most = Number(event.target.dataset.mostBytes);
  if (!most) return;
  const large = [...event.target.files].find((file) => file.size > most);
  event.target.setCustomValidity(large ? `“${large.name}” has ${inWords(large.size, Math.ceil)}; ${inWords(most, Math.floor)} are the most here.` : "");
  event.target.reportValidity();
});

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
