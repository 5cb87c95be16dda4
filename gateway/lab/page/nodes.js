// A message's nodes ({t, …}) as elements; addresses are checked here, and what is not known shows its text only.

import { h } from "./dom.js";

const SCHEMES = new Set(["http:", "https:", "mailto:", "tel:"]);
const DEEPEST = 20;

/** A link that leaves the page; plain children when its address is not harmless. */
export function link(href, ...children) {
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
  del: (node, depth) => h("s", null, within(node.c, depth)),
  code: (node) => h("code", null, node.text ?? ""),
  a: (node, depth) => link(node.href, ...within(node.c, depth)),
  mark: (node) => h("sup", { class: "mark" }, `[${node.n}]`),
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
    const rows = (node.rows ?? []).map((row, number) =>
      h("tr", null, row.map((cell) => h(number ? "td" : "th", number ? null : { scope: "col" }, within(cell, depth)))));
    return h("div", { class: "table", tabindex: 0, role: "group", "aria-label": "Table" }, h("table", null, rows));
  },
};

function draw(node, depth) {
  if (depth < DEEPEST && Object.hasOwn(DRAW, node?.t)) return DRAW[node.t](node, depth);
  return document.createTextNode(typeof node?.text === "string" ? node.text : "");
}

/** What a message says: its nodes, or its plain text. */
export function words({ blocks, text }) {
  return blocks?.length ? h("div", { class: "words" }, within(blocks, 0)) : h("div", { class: "words typed" }, text);
}
