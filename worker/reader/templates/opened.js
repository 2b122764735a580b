const NOT_HELD = {
  excerpt:
    "This step is too large for this page, or came after its room was used up. Only its beginning is searched; " +
    "all of it is in its file.",
  name: "The room of this page was used up before this step. Only its name is searched; its content is in its file.",
};

const EXECUTION_NOT_HELD =
  "The execution's own input and output are too large for this page; an export with all steps in one file shows them.";

const link = (target, words) => {
  const element = made("a", "", words);
  element.href = target;
  return element;
};

const marksWords = (marks) => {
  if (marks === 0) return "";
  if (marks === MOST_MARKS) return `The first ${MOST_MARKS} matches are highlighted.`;
  return marks === 1 ? "1 match is highlighted." : `${marks} matches are highlighted.`;
};

// The part of the page that shows one step, or the execution where none is opened.
const makeOpened = (main, rows) => {
  const narrow = matchMedia("(max-width: 48rem)");
  const overview = [...main.childNodes];
  if (isWhole("execution")) overview.push(...parsed(contentOf("execution")));
  else overview.push(made("p", "note", EXECUTION_NOT_HELD));

  const bar = made("nav", "opened-bar");
  bar.setAttribute("aria-label", "This step");
  let marks = 0;

  // Neighbours are those in the list as it is filtered now.
  const steer = (row, { previous, next }) => {
    bar.replaceChildren(link("#overview", "Overview"));
    if (previous !== undefined) bar.append(link(`#${rows[previous].anchor}`, "Previous"));
    if (next !== undefined) bar.append(link(`#${rows[next].anchor}`, "Next"));
    bar.append(link(row.link, "Open its file"));
    if (marks) bar.append(made("span", "quiet", marksWords(marks)));
  };
  const placeholder = (row) => [
    made("h2", "title", made("bdi", "", row.title), row.run ? ` (${row.run})` : ""),
    made("p", "row-facts", made("span", `chip is-${row.status}`, statusWords(row.status)), row.lasted),
    made("p", "note", NOT_HELD[row.held]),
    made("p", "", link(row.link, "Open the file of this step")),
  ];

  const toTop = () => {
    main.scrollTop = 0;
    // On a narrow screen the page scrolls as a whole, and the list is above the step.
    if (narrow.matches) main.scrollIntoView();
  };
  const show = (row, terms) => {
    const content = made("div", "opened-step");
    content.append(...(row.held === "whole" ? parsed(contentOf(row.anchor)) : placeholder(row)));
    marks = markTerms(row.held === "whole" ? content : content.querySelector("h2"), terms);
    main.replaceChildren(bar, content);
    main.setAttribute("aria-label", `Opened step: ${row.title} ${row.run}`.trim());
    toTop();
    const first = content.querySelector("mark");
    if (first) first.scrollIntoView({ block: "center" });
  };
  const showOverview = () => {
    main.replaceChildren(...overview);
    main.setAttribute("aria-label", "Overview of the execution");
    main.scrollTop = 0;
  };
  return { show, steer, showOverview };
};
