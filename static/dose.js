// The dose slider (generation/_dose.html): moving it says what the step would do, and sets the form's number of steps; presets
// set all of the dose. Without this script the numbers are typed under the expert settings.

function show(dose, steps) {
  const at = (name) => Number(dose.dataset[name].split(" ")[steps]).toFixed(2);
  const mark = dose.querySelector("[data-dose-mark]");
  const x = String((100 * steps) / Math.max(1, Number(dose.querySelector("[data-dose-range]").max)));
  mark.setAttribute("x1", x);
  mark.setAttribute("x2", x);
  dose.querySelector("[data-dose-steps]").value = String(steps);
  dose.querySelector("[data-dose-agreement]").value = at("agreement");
  dose.querySelector("[data-dose-drift]").value = at("drift");
}

document.querySelector("[data-dose-panel]").hidden = false;
document.addEventListener("input", (event) => {
  const range = event.target;
  if (!range.matches("[data-dose-range]")) return;
  show(range.closest("[data-dose]"), Number(range.value));
  range.form.elements.namedItem("steps").value = range.value;
});

const presets = document.querySelectorAll("[data-preset]");

function isSet(field, value) {
  if (field.type === "checkbox") return field.checked === value;
  if (value === null || field.value === "") return field.value === "" && value === null;
  return typeof value === "number" ? Number(field.value) === value : field.value === value;
}

function press() {
  for (const button of presets) {
    const fields = Object.entries(JSON.parse(button.dataset.preset));
    const isPressed = fields.every(([name, value]) => isSet(button.form.elements.namedItem(name), value));
    button.setAttribute("aria-pressed", String(isPressed));
  }
}

press();
for (const name of ["input", "change"]) document.addEventListener(name, press);

document.addEventListener("click", (event) => {
  const button = event.target.closest("[data-preset]");
  if (!button) return;
  for (const [name, value] of Object.entries(JSON.parse(button.dataset.preset))) {
    const field = button.form.elements.namedItem(name);
    if (field.type === "checkbox") field.checked = value;
    else field.value = value;
  }
  button.form.dispatchEvent(new Event("change", { bubbles: true }));
});
