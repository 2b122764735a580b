// The export dialog: choose, see beforehand what comes out, export, watch, get the download by itself.
import { alertIn, call } from "./api.js";
import { copy } from "./copying.js";

const at = (id) => document.getElementById(id);
const dialog = at("export");
const form = at("export-form");
const result = at("export-result");
const problem = at("export-problem");
const NAMES = 3;
const SIZES = ["bytes", "KB", "MB", "GB", "TB"];
const STATES = { queued: "Waiting for a worker", running: "Writing the archive", ready: "The download has started" };

let target = ""; // The address of the execution's resource.
let previewing = new AbortController();
let events = null;
let told = () => {};

/** Open the dialog for an execution; `onSettled` is told each export that comes to its end. */
export function openExport(api, what, onSettled = () => {}) {
  prepare(api, what, onSettled);
  show(form);
  preview();
  dialog.showModal();
}

/** Export with options that are known already, and show how it goes. */
export function exportWith(api, what, options, onSettled = () => {}) {
  prepare(api, what, onSettled);
  dialog.showModal();
  run(options);
}

function prepare(api, what, onSettled) {
  target = api;
  told = onSettled;
  problem.hidden = true;
  at("export-what").textContent = what;
}

function show(part) {
  form.hidden = part !== form;
  result.hidden = part !== result;
}

function chosen() {
  const fields = form.elements;
  const include = ["manifest", "reader"].filter((name) => fields[name].checked);
  return {
    format: fields.format.value,
    combine: fields.combine.checked,
    include,
    steps: fields.failed.checked ? "failed" : "all",
  };
}

async function preview() {
  previewing.abort();
  previewing = new AbortController();
  try {
    const foreseen = await call("POST", `${target}/exports?dry_run=true`, chosen(), previewing.signal);
    at("preview-name").textContent = foreseen.filename;
    at("preview-files").textContent = filesText(foreseen);
    problem.hidden = true;
  } catch (error) {
    if (error.name !== "AbortError") alertIn(problem, error);
  }
}

function filesText({ files, names, estimated_size: size }) {
  const first = names.slice(0, NAMES);
  const rest = files - first.length;
  const listed = rest > 0 ? `${first.join(", ")} and ${rest.toLocaleString("en")} more` : first.join(", ");
  return `${files.toLocaleString("en")} ${files === 1 ? "file" : "files"}, about ${sizeText(size)}: ${listed}`;
}

function sizeText(size) {
  const unit = Math.min(SIZES.length - 1, Math.floor(Math.log10(Math.max(size, 1)) / 3));
  return `${(size / 1000 ** unit).toFixed(unit ? 1 : 0)} ${SIZES[unit]}`;
}

async function run(options) {
  try {
    const made = await call("POST", `${target}/exports`, options);
    show(result);
    at("export-state").focus();
    follow(made);
  } catch (error) {
    show(form);
    alertIn(problem, error);
  }
}

function follow(made) {
  at("export-link").value = made.download_url;
  update(made);
  if (made.status === "ready") return settle(made);
  events = new EventSource(`/v1/exports/${made.id}/events`);
  for (const name of ["queued", "progress"]) events.addEventListener(name, (message) => update(JSON.parse(message.data)));
  for (const name of ["ready", "failed", "deleted", "expired"]) {
    events.addEventListener(name, (message) => settle(JSON.parse(message.data)));
  }
  events.addEventListener("error", () => {
    if (events?.readyState === EventSource.CLOSED) at("export-words").textContent = "Progress cannot be followed; the link works as soon as the archive is ready.";
  });
}

function update({ status, progress, archive, error }) {
  const bar = at("export-progress");
  bar.max = Math.max(progress.total, 1);
  if (status === "queued") bar.removeAttribute("value");
  else bar.value = status === "ready" ? bar.max : progress.done;
  bar.hidden = !["queued", "running", "ready"].includes(status);
  at("export-state").textContent = status === "ready" ? "Ready" : error ? "The export failed" : "Exporting";
  at("export-name").textContent = archive?.filename ?? "";
  at("export-words").textContent = error
    ? [error.detail, error.remedy].filter(Boolean).join(" ")
    : `${STATES[status] ?? status}: ${progress.done.toLocaleString("en")} of ${progress.total.toLocaleString("en")} steps`;
  at("export-again").hidden = !error;
  at("export-download").hidden = status !== "ready";
}

function settle(made) {
  stop();
  update(made);
  told(made);
  if (made.status !== "ready") return;
  at("export-download").href = made.download_url;
  at("export-words").textContent = `${STATES.ready}: ${made.archive.files.toLocaleString("en")} ${made.archive.files === 1 ? "file" : "files"}, ${sizeText(made.archive.size)}`;
  window.location.assign(made.download_url); // Saved beside the page, which stays.
}

function stop() {
  events?.close();
  events = null;
}

form.addEventListener("submit", (event) => {
  event.preventDefault();
  run(chosen());
});
form.addEventListener("change", preview);
dialog.addEventListener("close", stop); // The export itself goes on; its link is on the page of all exports.
at("export-cancel").addEventListener("click", () => dialog.close());
at("export-close").addEventListener("click", () => dialog.close());
at("export-again").addEventListener("click", () => {
  show(form);
  preview();
});
at("export-copy").addEventListener("click", (event) => {
  at("export-link").select();
  copy(at("export-link").value, event.currentTarget);
});
for (const button of document.querySelectorAll("[data-export]")) {
  button.addEventListener("click", () => openExport(button.dataset.export, button.dataset.what));
}
