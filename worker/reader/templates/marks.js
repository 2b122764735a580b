// Highlights what was searched for. Beyond a few thousand places a page gets slow, and nobody looks at them.
const MOST_MARKS = 2000;

const patternOf = (terms) => {
  const words = terms.map((term) => term.replace(/[.*+?^$|()[\]\\{}]/g, "\\$&").replace(/ /g, "\\s+"));
  return new RegExp(words.sort((one, other) => other.length - one.length).join("|"), "giu");
};

const markNode = (node, pattern, room) => {
  const pieces = [];
  let end = 0;
  let marks = 0;
  for (const match of node.data.matchAll(pattern)) {
    if (marks === room) break;
    pieces.push(node.data.slice(end, match.index), made("mark", "", match[0]));
    end = match.index + match[0].length;
    marks += 1;
  }
  if (marks) node.replaceWith(...pieces, node.data.slice(end));
  return marks;
};

// Answers how many places were highlighted; MOST_MARKS stands for that many or more.
const markTerms = (element, terms) => {
  if (terms.length === 0) return 0;
  const pattern = patternOf(terms);
  const walker = document.createTreeWalker(element, NodeFilter.SHOW_TEXT);
  const nodes = [];
  while (walker.nextNode()) nodes.push(walker.currentNode);
  let marks = 0;
  for (const node of nodes) {
    if (marks >= MOST_MARKS) break;
    marks += markNode(node, pattern, MOST_MARKS - marks);
  }
  return marks;
};
