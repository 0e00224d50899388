// Sends the files of a form marked data-upload one by one and shows beside each what became of it.
//
// Every file goes alone, as field `files`, to the form's own action, with `Accept: application/json`. The answer is
//   {"accepted": [{name, had_location, was_there}], "refused": [{name, code, detail}], "skipped": [name]}
// or a document with `detail`; a 503 says in `Retry-After` when to send the file again. Without this script the form sends
// all files at once and the page answers.

const AT_ONCE = 3; // Enough to hide the round trips; more would only make the files wait in the server's queue.

const MOST_TRIES = 10; // The pauses grow by Retry-After: some four minutes, since looking at a large zip takes as long.
const RETRY_SECONDS = 5; // Where a 503 does not say.

const SENTENCES = {
  0: "The connection broke before the file had arrived.",
  401: "You are signed out. Sign in again, then retry.",
  403: "The page has been open too long. Reload it, then retry.",
  413: "The file is larger than the server takes.",
  429: "That was a lot at once. Wait a moment, then retry.",
  503: "The server is busy. Wait a moment, then retry.",
};

function sentenceFor(status, body) {
  return body.detail ?? SENTENCES[status] ?? `The server answered with status ${status}.`;
}

function parse(text) {
  try {
    return JSON.parse(text) ?? {};
  } catch {
    return {};
  }
}

function pictures(count) {
  return count === 1 ? "1 picture" : `${count} pictures`;
}

/** One line of the list: a file and its fate. */
class Row {
  constructor(template, file, onRetry) {
    this.file = file;
    this.element = template.content.firstElementChild.cloneNode(true);
    this.progress = this.element.querySelector("progress");
    this.details = this.element.querySelector("ul");
    this.retry = this.element.querySelector("button");
    this.element.querySelector(".upload-row__name").textContent = file.name;
    this.progress.setAttribute("aria-label", `Progress of ${file.name}`);
    this.retry.setAttribute("aria-label", `Retry ${file.name}`);
    this.retry.addEventListener("click", () => onRetry(this));
    this.say("waiting", "Waiting");
  }

  say(state, words) {
    this.state = state;
    this.element.dataset.state = state;
    this.element.querySelector(".upload-row__state").textContent = words;
    this.retry.hidden = state !== "failed";
  }

  note(words, className) {
    const line = document.createElement("li");
    line.textContent = words;
    line.className = className;
    this.details.append(line);
  }

  advance(fraction) {
    this.progress.value = fraction;
    this.say("sending", fraction < 1 ? `${Math.floor(100 * fraction)} %` : "Checking…");
    if (fraction === 1) this.progress.removeAttribute("value");
  }

  reset() {
    this.details.replaceChildren();
    this.progress.value = 0;
    this.say("waiting", "Waiting");
  }

  postpone() {
    this.progress.value = 0;
    this.say("waiting", "The server is busy. Waiting…");
  }

  fail(words) {
    this.note(words, "is-refusal");
    this.say("failed", "Failed");
  }

  settle({ accepted = [], refused = [], skipped = [] }) {
    this.refused = refused.length;
    const fresh = accepted.filter((picture) => !picture.was_there).length;
    this.added = fresh;
    this.repeated = accepted.length - fresh;
    const located = accepted.filter((picture) => picture.had_location);
    for (const { name, detail } of refused) {
      // A member of a zip has a name of its own; most sentences say it already.
      const isMember = name !== this.file.name && name !== "upload" && !detail.includes(name);
      this.note(isMember ? `${name}: ${detail}` : detail, "is-refusal");
    }
    if (located.length) this.note(`${pictures(located.length)} carried a location. It was removed.`, "is-note");
    if (skipped.length === 1) this.note("1 other file in it was skipped.", "is-note");
    if (skipped.length > 1) this.note(`${skipped.length} other files in it were skipped.`, "is-note");
    if (!accepted.length) this.say("refused", refused.length ? "Refused" : "No pictures in it");
    else if (!fresh) this.say("stored", "Already in the set");
    else this.say("stored", accepted.length === 1 ? "Stored" : `${pictures(fresh)} stored`);
  }
}

const ORIGIN = ["source", "licence", "credit"]; // Said of all pictures that are added while it stands there.

function pause(seconds) {
  return new Promise((resolve) => setTimeout(resolve, 1000 * seconds));
}

/** Send a file until the server is free for it. A row that waits keeps its sender, so the queue behind it waits as well. */
async function send(form, row) {
  for (let tries = 1; ; tries += 1) {
    const { status, body, retryAfter } = await post(form, row);
    if (status === 503 && tries < MOST_TRIES) {
      row.postpone();
      await pause(retryAfter * tries);
      continue;
    }
    if (body.accepted || body.refused) row.settle(body);
    else row.fail(sentenceFor(status, body));
    return;
  }
}

/** Send a file once; resolves to what the server said. */
function post(form, row) {
  const data = new FormData();
  data.set("csrfmiddlewaretoken", form.elements.csrfmiddlewaretoken.value);
  data.set("side", row.side);
  for (const name of ORIGIN) data.set(name, row.origin?.[name] ?? "");
  data.set("files", row.file, row.file.name);
  return new Promise((resolve) => {
    const request = new XMLHttpRequest();
    request.open("POST", form.action);
    request.setRequestHeader("Accept", "application/json");
    request.upload.addEventListener("progress", (event) => {
      if (event.lengthComputable) row.advance(event.loaded / event.total);
    });
    request.addEventListener("loadend", () => {
      const retryAfter = Number(request.getResponseHeader("Retry-After")) || RETRY_SECONDS;
      resolve({ status: request.status, body: parse(request.responseText), retryAfter });
    });
    row.advance(0);
    request.send(data);
  });
}

/** The files of one form: a queue that a few senders empty. */
class Upload {
  constructor(form) {
    this.form = form;
    this.rows = [];
    this.waiting = [];
    this.sending = 0;
    this.input = form.querySelector("input[type=file]");
    this.list = form.querySelector("[data-upload-list]");
    this.summary = form.querySelector("[data-upload-summary]");
    this.retryAll = form.querySelector("[data-upload-retry-all]");
    this.clear = form.querySelector("[data-upload-clear]");
    this.template = form.querySelector("[data-upload-row]");
    this.takeOver();
  }

  takeOver() {
    this.form.classList.add("is-enhanced");
    for (const part of this.form.querySelectorAll("[data-upload-only]")) part.hidden = false;
    this.form.querySelector("[data-upload-plain]").hidden = true;
    this.form.addEventListener("submit", (event) => event.preventDefault());
    this.input.addEventListener("change", () => {
      this.add([...this.input.files]);
      this.input.value = "";
    });
    this.retryAll.addEventListener("click", () => this.again(this.rows.filter((row) => row.state === "failed")));
    this.clear.addEventListener("click", () => this.forget());
    this.listenForDrops(this.form.querySelector("[data-upload-drop]"));
    window.addEventListener("beforeunload", (event) => {
      if (this.sending) event.preventDefault();
    });
  }

  listenForDrops(zone) {
    const carriesFiles = (event) => event.dataTransfer?.types.includes("Files");
    // A file that misses the zone would otherwise replace the page.
    for (const name of ["dragover", "drop"]) {
      window.addEventListener(name, (event) => carriesFiles(event) && event.preventDefault());
    }
    zone.addEventListener("dragover", () => zone.classList.add("is-over"));
    zone.addEventListener("dragleave", (event) => {
      if (!zone.contains(event.relatedTarget)) zone.classList.remove("is-over");
    });
    zone.addEventListener("drop", (event) => {
      zone.classList.remove("is-over");
      const items = [...event.dataTransfer.items].filter((item) => item.kind === "file");
      this.add(items.map((item) => ({ file: item.getAsFile(), isFolder: item.webkitGetAsEntry?.()?.isDirectory })));
    });
  }

  add(dropped) {
    for (const each of dropped) {
      const { file, isFolder } = each instanceof File ? { file: each, isFolder: false } : each;
      const row = new Row(this.template, file, (failed) => this.again([failed]));
      // The side is the one chosen when the file was added, whatever is chosen while it waits.
      row.side = this.form.elements.side?.value ?? "towards";
      row.origin = Object.fromEntries(ORIGIN.map((name) => [name, this.form.elements[name]?.value ?? ""]));
      this.rows.push(row);
      this.list.append(row.element);
      if (isFolder) row.settle({ refused: [{ name: file.name, detail: "This is a folder. Drop its pictures, or a zip of it." }] });
      else this.waiting.push(row);
    }
    this.pump();
  }

  again(rows) {
    for (const row of rows) row.reset();
    this.waiting.push(...rows);
    this.pump();
  }

  forget() {
    this.rows = [];
    this.list.replaceChildren();
    this.tell();
  }

  pump() {
    while (this.sending < AT_ONCE && this.waiting.length) this.sendNext();
    this.tell();
  }

  async sendNext() {
    const row = this.waiting.shift();
    this.sending += 1;
    await send(this.form, row);
    this.sending -= 1;
    if (!this.sending && !this.waiting.length) this.refresh();
    this.pump();
  }

  tell() {
    const isBusy = this.sending > 0;
    const failed = this.rows.filter((row) => row.state === "failed").length;
    this.retryAll.hidden = isBusy || failed < 2;
    this.clear.hidden = isBusy || !this.rows.length;
    this.form.setAttribute("aria-busy", String(isBusy));
    const left = this.sending + this.waiting.length;
    this.summary.textContent = isBusy ? `Sending ${left === 1 ? "1 file" : `${left} files`}…` : this.outcome(failed);
  }

  outcome(failed) {
    if (!this.rows.length) return "";
    const sum = (key) => this.rows.reduce((total, row) => total + (row[key] ?? 0), 0);
    const parts = [`${pictures(sum("added"))} added`];
    if (sum("repeated")) parts.push(`${sum("repeated")} in the set already`);
    if (sum("refused")) parts.push(`${sum("refused")} refused`);
    if (failed) parts.push(`${failed} failed`);
    return `Done: ${parts.join(", ")}.`;
  }

  refresh() {
    const target = document.querySelector(this.form.dataset.uploadRefresh);
    if (window.htmx && target) window.htmx.trigger(target, "set-change");
    else window.location.reload();
  }
}

for (const form of document.querySelectorAll("form[data-upload]")) new Upload(form);
