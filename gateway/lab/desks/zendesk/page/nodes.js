// Elements, and comments' nodes ({t, …}) as elements; addresses are checked here, and what is not known shows its text only.

const SCHEMES = new Set(["http:", "https:", "mailto:", "tel:"]);
const DEEPEST = 20;

export const $ = (id) => document.getElementById(id);

/** An element with attributes, listeners ("onclick") and children. */
export function h(name, attributes, ...children) {
  const node = document.createElement(name);
  for (const [key, value] of Object.entries(attributes ?? {})) {
    if (value === null || value === undefined || value === false) continue;
    if (key.startsWith("on")) node.addEventListener(key.slice(2), value);
    else node.setAttribute(key, value === true ? "" : String(value));
  }
  node.append(...children.flat(Infinity).filter((child) => child !== null && child !== undefined && child !== false && child !== ""));
  return node;
}

function link(href, children) {
  let safe = null;
  try {
    const url = new URL(href);
    safe = SCHEMES.has(url.protocol) ? url.href : null;
  } catch {
    safe = null;
  }
  return safe ? h("a", { href: safe, target: "_blank", rel: "noopener noreferrer" }, children) : h("span", null, children);
}

const within = (nodes, depth) => (Array.isArray(nodes) ? nodes : []).map((node) => draw(node, depth + 1));

const DRAW = {
  text: (node) => document.createTextNode(node.text ?? ""),
  strong: (node, depth) => h("strong", null, within(node.c, depth)),
  em: (node, depth) => h("em", null, within(node.c, depth)),
  code: (node) => h("code", null, node.text ?? ""),
  a: (node, depth) => link(node.href, within(node.c, depth)),
  br: () => h("br"),
  p: (node, depth) => h("p", null, within(node.c, depth)),
  h: (node, depth) => h("p", { class: "heading" }, within(node.c, depth)),
  pre: (node) => h("pre", { tabindex: 0 }, h("code", null, node.text ?? "")),
  quote: (node, depth) => h("blockquote", null, within(node.b, depth)),
  list(node, depth) {
    const isOrdered = Number.isInteger(node.start);
    const items = (node.items ?? []).map((item) => h("li", null, within(item, depth)));
    return h(isOrdered ? "ol" : "ul", isOrdered && node.start !== 1 ? { start: node.start } : null, items);
  },
  table(node, depth) {
    const rows = (node.rows ?? []).map((row) => h("tr", null, row.map((cell) => h("td", null, within(cell, depth)))));
    return h("div", { class: "table", tabindex: 0, role: "group", "aria-label": "Table" }, h("table", null, rows));
  },
};

function draw(node, depth) {
  if (depth < DEEPEST && Object.hasOwn(DRAW, node?.t)) return DRAW[node.t](node, depth);
  return document.createTextNode(typeof node?.text === "string" ? node.text : "");
}

/** What a comment says. */
export const words = (blocks) => h("div", { class: "words" }, within(blocks, 0));
