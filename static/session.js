// Signing in makes a new token for forms. Who was signed out and signs in again in another tab goes on here with what stands
// on this page: before a form is sent it gets the token of the newest sign-in, from the cookie that Django keeps it in.

function token() {
  return document.cookie.match(/(?:^|; )csrftoken=([^;]+)/)?.[1];
}

function renew() {
  const newest = token();
  if (!newest) return;
  for (const field of document.querySelectorAll("input[name=csrfmiddlewaretoken]")) field.value = newest;
}

for (const name of ["click", "drop", "submit"]) document.addEventListener(name, renew, true);

document.addEventListener("htmx:configRequest", (event) => {
  const newest = token();
  if (!newest) return;
  event.detail.headers["X-CSRFToken"] = newest;
  // Django looks here first, where a field of the form was taken along.
  const { formData } = event.detail;
  if (formData.has("csrfmiddlewaretoken")) formData.set("csrfmiddlewaretoken", newest);
});
