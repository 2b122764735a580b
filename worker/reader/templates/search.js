// Full-text search. It works in slices of time, so that the page answers to keys however much there is to read.
const SLICE = 30;

// Words, or phrases in quotation marks; a step must hold all of them.
const termsOf = (query) =>
  [...query.toLowerCase().matchAll(/"([^"]+)"?|([^\s"]+)/g)]
    .map(([, phrase, word]) => (phrase ?? word).replace(/\s+/g, " ").trim())
    .filter((term) => term !== "");

const rested = () => new Promise((resolve) => setTimeout(resolve, 0));

const makeSearch = (rows) => {
  const texts = new Array(rows.length);
  let latest = 0;

  const textAt = (at) => (texts[at] ??= searchable(rows[at]));

  // Calls "visit" with every position; gives up, and answers false, when "valid" says that nobody waits any more.
  const everywhere = async (visit, valid) => {
    let until = performance.now() + SLICE;
    for (let at = 0; at < rows.length; at += 1) {
      visit(at);
      if (performance.now() < until) continue;
      await rested();
      if (!valid()) return false;
      until = performance.now() + SLICE;
    }
    return valid();
  };

  // Reads all texts ahead of the first question.
  const prepare = () => everywhere(textAt, () => latest === 0);

  // Answers which steps hold all terms, by position; null where a later question was asked meanwhile.
  const find = async (terms) => {
    latest += 1;
    const mine = latest;
    if (terms.length === 0) return rows.map(() => true);
    const found = new Array(rows.length);
    const visit = (at) => {
      found[at] = terms.every((term) => textAt(at).includes(term));
    };
    return (await everywhere(visit, () => mine === latest)) ? found : null;
  };
  return { prepare, find };
};
