// Everything is looked up before any step enters the page.
const element = (id) => document.getElementById(id);
const main = element("opened");
const box = element("list");
const query = element("query");
const found = element("found");
const limits = element("limits");
const filter = element("statuses");
const rows = [...document.querySelectorAll("script.rows")].flatMap((block) => JSON.parse(block.textContent));
const places = new Map(rows.map((row, at) => [row.anchor, at]));
const search = makeSearch(rows);
const wanted = new Set();
const WAIT = 150;
let terms = [];
let matching = rows.map(() => true);
let opened = -1;

const open = (at) => {
  const hash = `#${rows[at].anchor}`;
  // Opening the same step again, with other words searched for, changes no address.
  if (location.hash === hash) follow();
  else location.hash = hash;
  main.focus({ preventScroll: true });
};
const list = makeList(box, element("sheet"), rows, open);
const timelineParts = {
  section: element("timeline"),
  whole: element("everything"),
  box: element("lanes"),
  sheet: element("lane-sheet"),
  axis: element("axis"),
  note: element("untimed"),
};
const timeline = makeTimeline(timelineParts, rows, open);
const pane = makeOpened(main, rows);

const stepsWords = (count) => (count === 1 ? "1 step" : `${count} steps`);

const limitWords = () => {
  const excerpts = rows.filter((row) => row.held === "excerpt").length;
  const names = rows.filter((row) => row.held === "name").length;
  const sentences = [];
  if (excerpts) sentences.push(`Of ${stepsWords(excerpts)}, only the beginning is searched.`);
  if (names) sentences.push(`Of ${stepsWords(names)}, only the name is searched.`);
  return sentences.join(" ");
};

const steer = () => {
  if (opened < 0) return;
  pane.steer(rows[opened], { previous: list.step(opened, -1), next: list.step(opened, 1) });
};

const refresh = () => {
  const shown = [];
  rows.forEach((row, at) => {
    if (matching[at] && (wanted.size === 0 || wanted.has(row.status))) shown.push(at);
  });
  list.show(shown);
  steer();
  const all = stepsWords(rows.length);
  found.textContent = shown.length === rows.length ? all : `${shown.length} of ${all}`;
  limits.textContent = terms.length ? limitWords() : "";
};

const searchNow = async () => {
  const asked = termsOf(query.value);
  const answer = await search.find(asked);
  if (answer === null) return;
  terms = asked;
  matching = answer;
  if (opened >= 0) pane.show(rows[opened], terms);
  refresh();
};
let timer = 0;
query.addEventListener("input", () => {
  clearTimeout(timer);
  timer = setTimeout(searchNow, WAIT);
});
query.addEventListener("keydown", async (event) => {
  if (event.isComposing) return;
  if (event.key === "ArrowDown") {
    event.preventDefault();
    box.focus();
  } else if (event.key === "Escape" && query.value) {
    event.preventDefault();
    query.value = "";
    await searchNow();
  } else if (event.key === "Enter") {
    clearTimeout(timer);
    await searchNow();
    list.openActive();
  }
});

const addFilter = (status, count) => {
  const button = made("button", `chip is-${status}`, `${statusWords(status)} ${count}`);
  button.type = "button";
  button.setAttribute("aria-pressed", "false");
  button.addEventListener("click", () => {
    if (!wanted.delete(status)) wanted.add(status);
    button.setAttribute("aria-pressed", String(wanted.has(status)));
    refresh();
  });
  filter.append(button);
};
const counts = new Map();
for (const { status } of rows) counts.set(status, (counts.get(status) ?? 0) + 1);
for (const status of ["failed", "timed-out", "interrupted", "cancelled", "skipped", "succeeded"]) {
  if (counts.has(status)) addFilter(status, counts.get(status));
}

// Shows what the address names: a step, a place inside of it, or the overview.
const follow = () => {
  const [, anchor, inside] = /^#(step-\d+)(-.*)?$/.exec(location.hash) ?? [];
  if (!places.has(anchor)) {
    if (location.hash.length > 1 && location.hash !== "#overview") return;
    opened = -1;
    pane.showOverview();
  } else if (!inside || opened !== places.get(anchor)) {
    opened = places.get(anchor);
    pane.show(rows[opened], terms);
    steer();
  }
  list.mark(opened);
  timeline.mark(opened);
  if (inside) element(location.hash.slice(1))?.scrollIntoView();
};
window.addEventListener("hashchange", follow);

document.addEventListener("keydown", (event) => {
  if (event.ctrlKey || event.metaKey || event.altKey || event.defaultPrevented) return;
  if (event.key === "/" && document.activeElement !== query) {
    event.preventDefault();
    query.focus();
    query.select();
  } else if (event.key === "Escape" && main.contains(document.activeElement)) {
    box.focus();
  }
});

element("panel").hidden = false;
pane.showOverview();
refresh();
follow();
// Nothing waits for this: the first question finds the texts read.
setTimeout(search.prepare, WAIT);
