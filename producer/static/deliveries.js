// The dialog of an export's callbacks: how each stands, what became of its attempts, and telling its receiver again.
import { alertIn, call } from "./api.js";
import { showTimes } from "./times.js";

const SOON = 60_000; // Milliseconds to the next attempt, within which it is looked for often.
const PAUSE = 1500; // Milliseconds between two looks while the dialog is open and something waits.
const LONG_PAUSE = 15_000; // The same where the next attempt is far away.
const at = (id) => document.getElementById(id);
const dialog = at("deliveries");
const list = at("deliveries-list");
const words = at("deliveries-words");
const problem = at("deliveries-problem");
const shown = new Map(); // List items by the callback's id; they stay in place, so that nobody loses the focus.
const LOADING = "Loading…";
const STATES = { waiting: "waiting", delivered: "delivered", "given-up": "given up" };
const CHIPS = { waiting: "queued", delivered: "ready", "given-up": "failed" };

let target = ""; // The address of the export's deliveries.
let tellable = false;
let opened = 0; // Tells an answer for an earlier export, or an earlier opening, from one that is still wanted.

/** Open the dialog for an export; with `again`, receivers may be told once more. */
export async function openDeliveries(api, what, again) {
  target = api;
  tellable = again;
  opened += 1;
  shown.clear();
  list.replaceChildren();
  problem.hidden = true;
  at("deliveries-what").textContent = what;
  words.textContent = LOADING;
  dialog.showModal();
  at("deliveries-title").focus();
  await follow(opened);
}

async function follow(opening) {
  const waiting = await refresh(opening);
  if (!waiting.length || opening !== opened) return;
  const soon = waiting.some(({ next_attempt_at: next }) => !next || Date.parse(next) - Date.now() < SOON);
  setTimeout(() => follow(opening), soon ? PAUSE : LONG_PAUSE);
}

/** Show how all callbacks stand, and return those that wait. */
async function refresh(opening) {
  if (opening !== opened) return [];
  try {
    const { callbacks, items } = await call("GET", target);
    if (opening !== opened) return [];
    if (words.textContent === LOADING) words.textContent = callbacks.length ? "" : "No callback was asked for.";
    for (const one of callbacks) show(one, items.filter(({ callback }) => callback === one.callback));
    return callbacks.filter(({ status }) => status === "waiting");
  } catch (error) {
    if (opening === opened) fail(error);
    return [];
  }
}

function show(callback, attempts) {
  const item = shown.get(callback.callback) ?? added(callback);
  const status = item.querySelector("[data-status]");
  status.textContent = STATES[callback.status] ?? callback.status;
  status.className = `chip is-${CHIPS[callback.status] ?? "queued"}`;
  item.querySelector("[data-words]").textContent = callback.reason ?? "Nothing was sent yet.";
  const next = item.querySelector("[data-next]");
  next.hidden = !callback.next_attempt_at;
  if (callback.next_attempt_at) write(next.querySelector("time"), callback.next_attempt_at);
  showAttempts(item, attempts);
  showTimes(item);
}

function added({ callback, receiver }) {
  const item = at("delivery").content.cloneNode(true).querySelector("li");
  for (const place of item.querySelectorAll("[data-receiver]")) place.textContent = receiver;
  const again = item.querySelector("[data-again]");
  again.hidden = !tellable;
  again.querySelector("button").addEventListener("click", ({ currentTarget }) => deliver(callback, receiver, currentTarget));
  list.append(item);
  shown.set(callback, item);
  return item;
}

function showAttempts(item, attempts) {
  const details = item.querySelector("details");
  details.hidden = !attempts.length;
  details.querySelector("[data-count]").textContent = attempts.length === 1 ? "1 entry in the log" : `${attempts.length} entries in the log`;
  details.querySelector("[data-attempts]").replaceChildren(...attempts.map(line));
}

function line({ at: moment, reason }) {
  const entry = at("delivery-attempt").content.cloneNode(true).querySelector("li");
  write(entry.querySelector("time"), moment);
  entry.querySelector("[data-words]").textContent = reason;
  return entry;
}

function write(time, moment) {
  time.dateTime = moment;
  time.title = new Date(moment).toLocaleString("en");
  time.textContent = time.title;
}

async function deliver(callback, receiver, button) {
  if (button.getAttribute("aria-disabled") === "true") return;
  button.setAttribute("aria-disabled", "true"); // Not disabled: that would take the focus away.
  problem.hidden = true;
  try {
    await call("POST", target, { callback });
    words.textContent = `Delivering again to ${receiver}.`;
    opened += 1;
    await follow(opened);
  } catch (error) {
    fail(error);
  } finally {
    button.removeAttribute("aria-disabled");
  }
}

function fail(error) {
  words.textContent = "";
  alertIn(problem, error);
}

at("deliveries-close").addEventListener("click", () => dialog.close());
dialog.addEventListener("close", () => {
  opened += 1;
});
