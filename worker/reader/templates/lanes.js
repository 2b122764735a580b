// What the timeline shows, before it is drawn. Places are on a scale from 0 to SCALE, whatever the width of the page.
const SCALE = 1000;
const NARROWEST = 2;
const APART = 0.5;
const FAILURES = new Set(["failed", "timed-out", "interrupted"]);

const startOf = (row) => row.start ?? row.end;
const endOf = (row) => Math.max(startOf(row), row.end ?? row.start);

const spanOf = (rows) => {
  let from = Infinity;
  let to = -Infinity;
  for (const row of rows) {
    from = Math.min(from, startOf(row));
    to = Math.max(to, endOf(row));
  }
  return { from, to };
};

// Runs of equal fate that would be drawn onto each other become one bar; it opens the first of them.
const barsOf = (runs, { from, to }) => {
  const scale = to > from ? SCALE / (to - from) : 0;
  const open = new Map();
  const bars = [];
  for (const run of runs) {
    const left = Math.min((startOf(run.row) - from) * scale, SCALE - NARROWEST);
    const right = Math.max((endOf(run.row) - from) * scale, left + NARROWEST);
    const before = open.get(run.row.status);
    const touches = before !== undefined && left - before.left < APART && right - before.right < APART;
    if (touches) {
      before.right = Math.max(before.right, right);
      before.runs += 1;
    } else {
      const bar = { left, right, runs: 1, at: run.at, row: run.row };
      open.set(run.row.status, bar);
      bars.push(bar);
    }
  }
  // Failures are drawn last, so that nothing covers them.
  return bars.sort((one, other) => FAILURES.has(one.row.status) - FAILURES.has(other.row.status));
};

// A lane for each step, with all of its runs, in the order in which steps first began; and one with everything.
const lanesOf = (rows) => {
  const timed = rows.map((row, at) => ({ row, at })).filter(({ row }) => startOf(row) !== null);
  timed.sort((one, other) => startOf(one.row) - startOf(other.row));
  const lanes = new Map();
  for (const run of timed) {
    const lane = lanes.get(run.row.series);
    if (lane) lane.runs.push(run);
    else lanes.set(run.row.series, { title: run.row.title, runs: [run] });
  }
  return { everything: { title: "All steps", runs: timed }, lanes: [...lanes.values()] };
};
