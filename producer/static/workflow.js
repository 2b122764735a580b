// The list of a workflow's executions: exporting from a row, and inputs in full where the list had to cut them.
import "./exporting.js";
import { call } from "./api.js";

const PATIENCE = 250; // Milliseconds for which the pointer rests before it counts as a question.
const SHOWN = 8000; // Characters of an input that are shown over the list; the page of the execution has all of it.

const whole = document.createElement("div");
whole.className = "whole";
whole.id = "whole";
whole.setAttribute("role", "tooltip");
whole.hidden = true;
document.body.append(whole);

const texts = new Map();
let waiting = 0;

async function textOf(cell) {
  const api = cell.dataset.whole;
  if (!api) return cell.title || cell.textContent;
  if (!texts.has(api)) {
    const { execution } = await call("GET", `${api}?limit=0`);
    const input = typeof execution.input === "string" ? execution.input : JSON.stringify(execution.input, null, 2);
    texts.set(api, input.length > SHOWN ? `${input.slice(0, SHOWN)}…` : input);
  }
  return texts.get(api);
}

async function show(cell) {
  const text = await textOf(cell).catch(() => cell.textContent);
  if (waiting !== cell) return;
  whole.textContent = text;
  whole.hidden = false;
  cell.removeAttribute("title"); // The browser would show its own beside this one.
  cell.setAttribute("aria-describedby", whole.id);
  const place = cell.getBoundingClientRect();
  const below = place.bottom + 4 + whole.offsetHeight < window.innerHeight;
  whole.style.left = `${Math.max(8, Math.min(place.left, window.innerWidth - whole.offsetWidth - 8))}px`;
  whole.style.top = `${below ? place.bottom + 4 : Math.max(8, place.top - 4 - whole.offsetHeight)}px`;
}

function hide() {
  waiting = 0;
  whole.hidden = true;
}

for (const cell of document.querySelectorAll(".input .cut")) {
  const cut = cell.dataset.whole || cell.scrollWidth > cell.clientWidth;
  if (!cut) continue;
  cell.tabIndex = 0;
  cell.addEventListener("pointerenter", () => {
    waiting = cell;
    setTimeout(() => waiting === cell && show(cell), PATIENCE);
  });
  cell.addEventListener("focus", () => {
    waiting = cell;
    show(cell);
  });
  cell.addEventListener("pointerleave", (event) => event.relatedTarget !== whole && hide());
  cell.addEventListener("blur", hide);
}
whole.addEventListener("pointerleave", hide);
document.addEventListener("keydown", (event) => event.key === "Escape" && hide());
document.addEventListener("scroll", (event) => event.target !== whole && hide(), true);
