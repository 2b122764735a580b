// One execution: steps that load as one scrolls, their contents when they are opened, the timeline as a way to them.
import "./exporting.js";
import { alertIn, part } from "./api.js";
import { copy } from "./copying.js";

const AHEAD = "1200px"; // How far below the window the next lines are loaded.
const list = document.getElementById("step-list");
const chunk = Number(list?.dataset.chunk ?? 0);
const total = Number(list?.dataset.total ?? 0);
let open = null; // Whether lines that come later are to be open: after "Expand all" yes, after "Collapse all" no.

/** Load what a line shows when it is opened, once. */
async function load(run) {
  const content = run.querySelector(".content");
  if (run.dataset.loaded) return;
  run.dataset.loaded = "loading";
  content.setAttribute("aria-busy", "true");
  content.textContent = "Loading …";
  try {
    content.innerHTML = await part(run.dataset.content);
  } catch (error) {
    delete run.dataset.loaded;
    content.textContent = "";
    const words = document.createElement("p");
    words.className = "alert";
    words.setAttribute("role", "alert");
    alertIn(words, error);
    content.append(words);
  }
  content.removeAttribute("aria-busy");
}

// With "Expand all", thousands are open; only those in sight are loaded.
const inSight = new IntersectionObserver((entries) => {
  for (const { isIntersecting, target } of entries) if (isIntersecting && target.open) load(target);
}, { rootMargin: AHEAD });

function watch(root) {
  for (const run of root.querySelectorAll("details.line")) {
    if (open !== null) run.open = open;
    inSight.observe(run);
    run.addEventListener("toggle", () => {
      if (!run.open) return;
      // Whether it is in sight is told on a change only, so it is asked anew.
      inSight.unobserve(run);
      inSight.observe(run);
    });
  }
}

/** Load the lines of a place that is held free for them. */
async function fill(place) {
  if (place.dataset.state) return place.filled;
  place.dataset.state = "loading";
  place.filled = part(`${list.dataset.more}?offset=${place.dataset.offset}`).then((html) => {
    place.innerHTML = html;
    place.style.height = "";
    watch(place);
  }).catch(() => {
    delete place.dataset.state; // It is tried again when it next comes into sight.
  });
  return place.filled;
}

const near = new IntersectionObserver((entries) => {
  for (const { isIntersecting, target } of entries) if (isIntersecting) fill(target);
}, { rootMargin: AHEAD });

/** Hold the place of all further lines, so that the scroll bar tells the truth. */
function reserve() {
  const line = list.querySelector("summary")?.offsetHeight ?? 44;
  for (let offset = chunk; offset < total; offset += chunk) {
    const place = document.createElement("div");
    place.className = "chunk";
    place.dataset.offset = offset;
    place.style.height = `${line * Math.min(chunk, total - offset)}px`;
    list.append(place);
    near.observe(place);
  }
}

/** Open a step and bring it into sight, wherever it is. `anchor` is such as "step-17". */
async function goTo(anchor) {
  const position = Number(/^step-(\d+)/.exec(anchor)?.[1] ?? 0) - 1;
  if (position < 0 || position >= total) return;
  const place = list.children[Math.floor(position / chunk)];
  if (place.dataset.offset) await fill(place);
  const run = place.children[position % chunk];
  if (!run) return;
  run.open = true;
  await load(run);
  run.scrollIntoView({ block: "start" });
  run.querySelector("summary").focus({ preventScroll: true });
}

function setAll(state) {
  open = state;
  for (const run of list.querySelectorAll("details.line")) run.open = state;
}

/** Put the timeline in its place, where it comes after the page. */
async function draw(place) {
  try {
    place.outerHTML = await part(place.dataset.part);
  } catch (error) {
    alertIn(place.querySelector("p"), error);
  }
}

watch(document);
document.querySelectorAll("[data-part]").forEach(draw);
document.addEventListener("click", ({ target }) => {
  const anchor = target.closest(".bars [data-step]")?.dataset.step;
  if (!anchor) return;
  history.replaceState(null, "", `#${anchor}`);
  goTo(anchor);
});
if (list) {
  reserve();
  document.getElementById("expand").addEventListener("click", () => setAll(true));
  document.getElementById("collapse").addEventListener("click", () => setAll(false));
  if (window.location.hash) goTo(window.location.hash.slice(1));
  window.addEventListener("hashchange", () => goTo(window.location.hash.slice(1)));
}
for (const button of document.querySelectorAll("[data-copy]")) {
  button.addEventListener("click", () => {
    const source = document.querySelector(button.dataset.copy);
    window.getSelection().selectAllChildren(source);
    copy(source.textContent, button);
  });
}
