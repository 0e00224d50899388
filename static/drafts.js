// What somebody had typed when their session ended is put back once they are signed in again.
//
// A form that is sent is noted in this tab. If nobody is signed in on the next page, it got no further than the sign-in:
// the note stays until its writer is back on the page of the form, which is filled in and not sent. On any other page of
// theirs it is dropped.

const KEY = "hub:draft";
const PRIVATE = new Set(["csrfmiddlewaretoken"]);
const person = document.querySelector("[data-person]")?.dataset.person;

const where = (form) => form.getAttribute("action") ?? "";

function typedIn(form) {
  const typed = [...new FormData(form)].filter(([name, value]) => typeof value === "string" && !PRIVATE.has(name));
  return form.querySelector("input[type=password]") ? [] : typed;
}

document.addEventListener("submit", (event) => {
  const form = event.target;
  if (!person || event.defaultPrevented || form.method !== "post") return; // A script sends it, or it changes nothing.
  sessionStorage.removeItem(KEY);
  const typed = typedIn(form);
  if (!typed.length) return;
  const hasFiles = [...form.querySelectorAll("input[type=file]")].some((field) => field.files.length);
  sessionStorage.setItem(KEY, JSON.stringify({ person, page: location.pathname, form: where(form), typed, hasFiles }));
});

function fill(form, typed) {
  const left = new Map(); // from a name to the values that are still to be put back
  for (const [name, value] of typed) left.set(name, [...(left.get(name) ?? []), value]);
  for (const field of form.elements) {
    if (!field.name || PRIVATE.has(field.name) || ["file", "submit", "button"].includes(field.type)) continue;
    const values = left.get(field.name) ?? [];
    const before = field.type === "checkbox" || field.type === "radio" ? field.checked : field.value;
    let after = before;
    if (typeof before === "boolean") after = field.checked = values.includes(field.value);
    else if (values.length) after = field.value = values.shift();
    if (after === before) continue;
    const fold = field.closest("details");
    if (fold) fold.open = true;
    for (const name of ["input", "change"]) field.dispatchEvent(new Event(name, { bubbles: true }));
  }
}

function tell(form, hasFiles) {
  const said = document.createElement("p");
  said.className = "notice";
  said.setAttribute("role", "status");
  said.textContent = "You had been signed out, and nothing was sent. What you had typed is here again; look it over and send it.";
  if (hasFiles) said.textContent += " Files have to be chosen once more.";
  form.before(said);
  said.scrollIntoView({ block: "center" });
}

const draft = JSON.parse(sessionStorage.getItem(KEY));
if (draft && !person) {
  sessionStorage.setItem(KEY, JSON.stringify({ ...draft, isLost: true }));
} else if (draft) {
  sessionStorage.removeItem(KEY);
  const isHere = draft.isLost && draft.person === person && draft.page === location.pathname;
  const form = isHere && [...document.querySelectorAll("main form[method=post]")].find((each) => where(each) === draft.form);
  if (form) {
    // After all others have begun to listen to its fields.
    addEventListener("load", () => {
      fill(form, draft.typed);
      tell(form, draft.hasFiles);
    });
  }
}
