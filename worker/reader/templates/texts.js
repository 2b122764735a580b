// Every step's content lies in a data block of its own, and is parsed when it is wanted.
const contentOf = (anchor) => {
  const block = document.getElementById(`content-of-${anchor}`);
  return block === null ? "" : JSON.parse(block.textContent);
};

const isWhole = (anchor) => document.getElementById(`content-of-${anchor}`)?.dataset.held === "whole";

const FACTS = /<table class="facts">[^]*?<\/table>/;
const HEADINGS = /(<section class="section [\w-]+">\n)<h\d>[^<]*<\/h\d>/g;
const INLINE = /<\/?(?:a|abbr|b|bdi|code|del|em|i|ins|kbd|mark|q|s|samp|small|span|strong|sub|sup|u|var)(?: [^>]*)?>/g;
const ENTITY = /&(?:#(\d+)|#x([\da-f]+)|(amp|lt|gt|quot|nbsp));/gi;
const CHARACTERS = { amp: "&", lt: "<", gt: ">", quot: '"', nbsp: " " };

const character = (_, decimal, hexadecimal, name) => {
  if (name) return CHARACTERS[name.toLowerCase()];
  const code = decimal ? Number(decimal) : Number.parseInt(hexadecimal, 16);
  return code <= 0x10ffff ? String.fromCodePoint(code) : "\ufffd";
};

// The words of a fragment as a person reads them. Every "<" in it begins a tag, for it is the renderer's own HTML; the
// table of facts and the headings of sections are in every step, and would be found with everything.
const wordsOf = (html) =>
  html
    .replace(FACTS, " ")
    .replace(HEADINGS, "$1")
    .replace(INLINE, "")
    .replace(/<[^>]*>/g, " ")
    .replace(ENTITY, character);

const searchable = (row) => {
  const content = contentOf(row.anchor);
  const words = row.held === "whole" ? wordsOf(content) : content;
  return `${row.title} ${row.run} ${words}`.replace(/\s+/g, " ").toLowerCase();
};
