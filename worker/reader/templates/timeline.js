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

const drawLane = (lane, bars, opened) => {
  const picture = svg("svg", { viewBox: `0 0 ${SCALE} 16`, preserveAspectRatio: "none", "aria-hidden": "true" });
  picture.append(...bars.map((bar) => drawBar(bar, opened)));
  const label = made("span", "lane-name", made("bdi", "", lane.title));
  label.title = lane.title;
  return made("div", "lane", label, picture);
};

const untimedWords = (count) => {
  if (count === 0) return "";
  return count === 1
    ? "1 step has no times and is not shown here."
    : `${count} steps have no times and are not shown here.`;
};

const makeTimeline = ({ section, whole, box, sheet, axis, note }, rows, open) => {
  const { everything, lanes } = lanesOf(rows);
  const timed = everything.runs;
  section.hidden = rows.length === 0;
  note.textContent = untimedWords(rows.length - timed.length);
  whole.hidden = lanes.length < 2;
  box.hidden = axis.hidden = timed.length === 0;
  if (timed.length === 0) return { mark: () => {} };

  let opened = -1;
  const span = spanOf(timed.map(({ row }) => row));
  const bars = new Map();
  const barsIn = (lane) => {
    if (!bars.has(lane)) bars.set(lane, barsOf(lane.runs, span));
    return bars.get(lane);
  };
  const draw = (lane) => drawLane(lane, barsIn(lane), opened);
  const view = virtualRows(box, sheet, 1.375, (place) => draw(lanes[place]));
  const total = span.to - span.from;
  const failed = timed.filter(({ row }) => FAILURES.has(row.status)).length;
  box.setAttribute(
    "aria-label",
    `Timeline of ${timed.length} runs over ${durationWords(total)}, ${failed} of them failed; the list has the same steps.`,
  );
  axis.replaceChildren(...[0, total / 2, total].map((moment) => made("span", "", durationWords(moment))));
  view.show(lanes.length);

  section.addEventListener("click", (event) => {
    const bar = event.target.closest("rect");
    if (bar) open(Number(bar.dataset.at));
  });
  const mark = (at) => {
    opened = at;
    whole.replaceChildren(draw(everything));
    const place = lanes.findIndex(({ runs }) => runs.some((run) => run.at === at));
    if (place >= 0) view.reveal(place);
    else view.redraw();
  };
  return { mark };
};
