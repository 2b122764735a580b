const SVG = "http://www.w3.org/2000/svg";
const UNITS = [
  [86_400_000_000, "d"],
  [3_600_000_000, "h"],
  [60_000_000, "min"],
  [1_000_000, "s"],
  [1_000, "ms"],
  [1, "µs"],
];

// Microseconds in words, by their two largest units, as the tables of facts have it.
const durationWords = (microseconds) => {
  const at = UNITS.findIndex(([size]) => microseconds >= size);
  if (at < 0) return "0 s";
  const [size, unit] = UNITS[at];
  const words = `${Math.floor(microseconds / size)} ${unit}`;
  const [part, partUnit] = at < 3 ? UNITS[at + 1] : [0, ""];
  const rest = part && Math.floor((microseconds % size) / part);
  return rest ? `${words} ${rest} ${partUnit}` : words;
};

const svg = (tag, attributes) => {
  const element = document.createElementNS(SVG, tag);
  for (const [name, value] of Object.entries(attributes)) element.setAttribute(name, value);
  return element;
};

const barWords = ({ row, runs }) =>
  runs > 1
    ? `${runs} runs, ${statusWords(row.status)}, the first: ${row.title} ${row.run}`.trim()
    : [row.title, row.run, statusWords(row.status), row.lasted].filter(Boolean).join(", ");

const drawBar = (bar, opened) => {
  const failed = FAILURES.has(bar.row.status);
  const rect = svg("rect", {
    class: `bar is-${bar.row.status}${bar.at === opened ? " is-opened" : ""}`,
    x: bar.left.toFixed(2),
    width: (bar.right - bar.left).toFixed(2),
    y: failed ? 0 : 3,
    height: failed ? 16 : 10,
  });
  rect.dataset.at = bar.at;
  const title = svg("title", {});
  title.textContent = barWords(bar);
  rect.append(title);
  return rect;
};

const makeTimeline = ({ section, box, sheet, axis, note }, rows, open) => {
  const { lanes, timed } = lanesOf(rows);
  let opened = -1;
  if (timed < rows.length) {
    const untimed = rows.length - timed;
    note.textContent = untimed === 1 ? "1 step has no times and is not shown here." : `${untimed} steps have no times and are not shown here.`;
  }
  section.hidden = rows.length === 0;
  box.hidden = axis.hidden = timed === 0;
  if (timed === 0) return { mark: () => {} };

  const span = spanOf(lanes[0].runs.map(({ row }) => row));
  const drawn = new Map();
  const barsIn = (place) => {
    if (!drawn.has(place)) drawn.set(place, barsOf(lanes[place].runs, span));
    return drawn.get(place);
  };
  const draw = (place) => {
    const lane = lanes[place];
    const bars = svg("svg", { viewBox: `0 0 ${SCALE} 16`, preserveAspectRatio: "none", "aria-hidden": "true" });
    bars.append(...barsIn(place).map((bar) => drawBar(bar, opened)));
    const label = made("span", "lane-name", made("bdi", "", lane.title));
    label.title = lane.title;
    return made("div", lane.all ? "lane is-all" : "lane", label, bars);
  };
  const view = virtualRows(box, sheet, 1.375, draw);
  const failed = lanes[0].runs.filter(({ row }) => FAILURES.has(row.status)).length;
  const total = durationWords(span.to - span.from);
  box.setAttribute("aria-label", `Timeline of ${timed} runs over ${total}, ${failed} of them failed; the list has the same steps.`);
  axis.replaceChildren(made("span", "", "0 s"), made("span", "", durationWords((span.to - span.from) / 2)), made("span", "", total));
  view.show(lanes.length);

  sheet.addEventListener("click", (event) => {
    const bar = event.target.closest("rect");
    if (bar) open(Number(bar.dataset.at));
  });
  const mark = (at) => {
    opened = at;
    const place = lanes.findIndex((lane) => !lane.all && lane.runs.some((run) => run.at === at));
    if (place >= 0) view.reveal(place);
    else view.redraw();
  };
  return { mark };
};
