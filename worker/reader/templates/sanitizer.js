// A second lock. The renderer lets nothing active through; what is not known to come from it does not enter the page.
const KEPT = new Set(
  `a abbr article b bdi blockquote br caption code col colgroup dd del details div dl dt em h1 h2 h3 h4 h5 h6 hr i img
  input ins kbd li mark ol p pre q s samp section small span strong sub summary sup table tbody td tfoot th thead tr u
  ul var`.split(
    /\s+/,
  ),
);
const DROPPED = new Set(
  `applet audio base button embed form frame frameset iframe link meta noembed noframes noscript object picture
  plaintext script select slot source style template textarea title track video xmp`.split(/\s+/),
);
const ATTRIBUTE =
  /^(?:align|alt|checked|class|colspan|dir|disabled|href|id|lang|open|rel|role|rowspan|scope|src|start|target|title|type)$|^(?:aria|data)-/;
const SCHEMES = new Set(["http:", "https:", "mailto:", "tel:", "ftp:", "ftps:", "xmpp:"]);
const PICTURE = /^data:image\/(?:png|jpe?g|gif|webp);base64,/i;

const mayLink = (target) => {
  // Browsers overlook white space and control characters; two slashes would name a host, from a disk a file share.
  const plain = target.replace(/[\u0000-\u0020]+/g, "");
  if (/^(?:[\\/]{2}|\\)/.test(plain)) return false;
  const scheme = /^[^/?#]*?:/.exec(plain);
  return scheme === null || SCHEMES.has(scheme[0].toLowerCase());
};

const mayKeep = (element, { name, value }) => {
  if (name === "href") return element.localName === "a" && mayLink(value);
  if (name === "src") return element.localName === "img" && PICTURE.test(value);
  return ATTRIBUTE.test(name);
};

const clean = (element) => {
  const foreign = element.namespaceURI !== "http://www.w3.org/1999/xhtml";
  if (foreign || DROPPED.has(element.localName)) return element.remove();
  if (!KEPT.has(element.localName)) return element.replaceWith(...element.childNodes);
  for (const attribute of [...element.attributes]) {
    if (!mayKeep(element, attribute)) element.removeAttribute(attribute.name);
  }
  if (element.localName === "input") Object.assign(element, { type: "checkbox", disabled: true });
  return undefined;
};

// The document that the parser makes is inert: nothing in it runs or loads before it is cleaned.
const parsed = (html) => {
  const body = new DOMParser().parseFromString(html, "text/html").body;
  for (const element of body.querySelectorAll("*")) clean(element);
  return [...body.childNodes].map((node) => document.adoptNode(node));
};
