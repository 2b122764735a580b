const statusWords = (status) => status.replace("-", " ");

const made = (tag, className, ...content) => {
  const element = document.createElement(tag);
  if (className) element.className = className;
  element.append(...content);
  return element;
};

// The list of steps: one stop for the Tab key, in which the arrow keys move (the listbox pattern of ARIA).
const makeList = (box, sheet, rows, open) => {
  let shown = [];
  let active = 0;
  let opened = -1;

  const draw = (place) => {
    const at = shown[place];
    const row = rows[at];
    const name = made("span", "row-name", made("bdi", "", row.title));
    if (row.run) name.append(" ", made("span", "run", row.run));
    const facts = made("span", "row-facts", made("span", `chip is-${row.status}`, statusWords(row.status)));
    if (row.lasted) facts.append(made("span", "quiet", row.lasted));
    const option = made("div", place === active ? "row is-active" : "row", name, facts);
    option.id = `row-${place}`;
    option.dataset.place = place;
    option.title = row.title;
    option.setAttribute("role", "option");
    option.setAttribute("aria-selected", String(at === opened));
    option.setAttribute("aria-posinset", String(place + 1));
    option.setAttribute("aria-setsize", String(shown.length));
    return option;
  };
  const view = virtualRows(box, sheet, 3.5, draw);

  const move = (place) => {
    active = Math.max(0, Math.min(place, shown.length - 1));
    view.reveal(active);
    if (shown.length) box.setAttribute("aria-activedescendant", `row-${active}`);
    else box.removeAttribute("aria-activedescendant");
  };
  const show = (positions) => {
    shown = positions;
    view.show(shown.length);
    move(Math.max(0, shown.indexOf(opened)));
  };
  const mark = (at) => {
    opened = at;
    const place = shown.indexOf(at);
    if (place >= 0) move(place);
    else view.redraw();
  };
  const openActive = () => {
    if (shown.length) open(shown[active]);
  };

  const keys = {
    ArrowDown: () => move(active + 1),
    ArrowUp: () => move(active - 1),
    PageDown: () => move(active + view.page()),
    PageUp: () => move(active - view.page()),
    Home: () => move(0),
    End: () => move(shown.length - 1),
    Enter: openActive,
    " ": openActive,
  };
  box.addEventListener("keydown", (event) => {
    if (event.ctrlKey || event.metaKey || event.altKey || !Object.hasOwn(keys, event.key)) return;
    event.preventDefault();
    keys[event.key]();
  });
  sheet.addEventListener("click", (event) => {
    const option = event.target.closest("[role=option]");
    if (option === null) return;
    move(Number(option.dataset.place));
    openActive();
  });
  return { show, mark, openActive, step: (at, by) => shown[shown.indexOf(at) + by] };
};
