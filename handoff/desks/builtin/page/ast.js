// The reply tree (adapters/web/PROTOCOL.md) as elements; what is not known is shown as nothing, never as markup.

import { h } from "./dom.js";

const SAFE = /^(https?:|mailto:|tel:)/i;

/** Blocks as nodes; `cite(number)` makes the node of a citation mark. */
export function blocks(tree, cite = (n) => `[${n}]`) {
  return withMarks(tree).map((node) => block(node, cite));
}

const isMarks = (node) => node?.t === "p" && node.c.length > 0 && node.c.every(({ t, text }) => t === "mark" || !(text ?? "x").trim());

/** Marks that stand alone under a table belong to its last cell, not on a line of their own. */
function withMarks(nodes) {
  return nodes.flatMap((node, index) => {
    if (isMarks(node) && nodes[index - 1]?.t === "table") return [];
    if (node.t !== "table" || !isMarks(nodes[index + 1])) return [node];
    const last = node.rows.flat().at(-1);
    return [{ ...node, rows: node.rows.map((row) => row.map((cell) => (cell === last ? [...cell, ...nodes[index + 1].c] : cell))) }];
  });
}

function block(node, cite) {
  const inside = (children) => children.map((child) => inline(child, cite));
  switch (node.t) {
    case "p": return h("p", {}, inside(node.c));
    case "h": return h("p", { class: "heading", role: "heading", "aria-level": Math.min(6, node.level + 2) }, inside(node.c));
    case "pre": return h("pre", { tabindex: 0 }, node.text);
    case "quote": return h("blockquote", {}, blocks(node.b, cite));
    case "list": return list(node, cite);
    case "table": return table(node, inside);
    default: return null;
  }
}

function list(node, cite) {
  const items = node.items.map((item) => h("li", {}, blocks(item, cite)));
  return node.start === null ? h("ul", {}, items) : h("ol", { start: node.start }, items);
}

function table(node, inside) {
  const [head, ...rows] = node.rows;
  return h("div", { class: "table", tabindex: 0 },
    h("table", {},
      h("thead", {}, h("tr", {}, (head || []).map((cell) => h("th", { scope: "col" }, inside(cell))))),
      h("tbody", {}, rows.map((row) => h("tr", {}, row.map((cell) => h("td", {}, inside(cell))))))));
}

function inline(node, cite) {
  const inside = (children) => children.map((child) => inline(child, cite));
  switch (node.t) {
    case "text": return node.text;
    case "strong": return h("strong", {}, inside(node.c));
    case "em": return h("em", {}, inside(node.c));
    case "code": return h("code", {}, node.text);
    case "a": return link(node.href, inside(node.c));
    case "mark": return cite(node.n);
    case "br": return h("br");
    default: return null;
  }
}

/** A link to elsewhere; an address of another kind stays plain text. */
export function link(href, ...children) {
  if (!SAFE.test(href)) return h("span", {}, children);
  return h("a", { href, target: "_blank", rel: "noopener noreferrer" }, children);
}
