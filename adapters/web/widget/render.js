/** The reply tree → DOM.  Text becomes text nodes, links are checked again here, and unknown nodes show their text only. */

import { h } from "./dom.js";

/** @typedef {import("./types.js").Node} Node */
/** @typedef {import("./types.js").Citation} Citation */

const SCHEMES = new Set(["http:", "https:", "mailto:", "tel:"]);
const DEEPEST = 24;

/** The address when its scheme is harmless, else null. @param {string} href */
export function safeHref(href) {
  try {
    const url = new URL(href, location.origin);
    return SCHEMES.has(url.protocol) ? url.href : null;
  } catch {
    return null;
  }
}

/** A link that leaves the chat; plain children when the address is not safe. */
export function link(href, props, ...children) {
  const safe = safeHref(href);
  if (!safe) return h("span", props, ...children);
  return h("a", { ...props, href: safe, target: "_blank", rel: "noopener nofollow ugc" }, ...children);
}

const isMarks = (node) => node?.t === "p" && node.c.length > 0 && node.c.every(({ t, text }) => t === "mark" || !(text ?? "x").trim());

/** Marks that stand alone under a table belong to its last cell, not on a line of their own. */
function withMarks(nodes) {
  return nodes.flatMap((node, index) => {
    if (isMarks(node) && nodes[index - 1]?.t === "table") return [];
    if (node?.t !== "table" || !isMarks(nodes[index + 1])) return [node];
    const last = node.rows.flat().at(-1);
    return [{ ...node, rows: node.rows.map((row) => row.map((cell) => (cell === last ? [...cell, ...nodes[index + 1].c] : cell))) }];
  });
}

/**
 * @param {Citation[]} citations
 * @param {(key: any, gaps?: object) => string} t
 */
export function createRenderer(citations, t) {
  const inlines = (nodes, depth) => (nodes ?? []).map((node) => inline(node, depth + 1));
  const blocks = (nodes, depth = 0) => withMarks(nodes ?? []).map((node) => block(node, depth + 1));

  function mark(n) {
    const source = citations.find((citation) => citation.number === n);
    if (!source) return "";
    const label = t("source", { n, title: source.title });
    return h("sup", { class: "mark" }, link(source.url, { "aria-label": label, title: source.title }, String(n)));
  }

  const INLINE = {
    text: (node) => document.createTextNode(node.text),
    strong: (node, depth) => h("strong", null, ...inlines(node.c, depth)),
    em: (node, depth) => h("em", null, ...inlines(node.c, depth)),
    code: (node) => h("code", null, node.text),
    a: (node, depth) => link(node.href, null, ...inlines(node.c, depth)),
    mark: (node) => mark(node.n),
    br: () => h("br"),
  };

  const BLOCK = {
    p: (node, depth) => h("p", null, ...inlines(node.c, depth)),
    // The chat has its own outline: a reply's headings are shown as such but do not enter the page's.
    h: (node, depth) => h("p", { class: "heading" }, ...inlines(node.c, depth)),
    pre: (node) => h("pre", { tabindex: 0 }, h("code", null, node.text)),
    quote: (node, depth) => h("blockquote", null, ...blocks(node.b, depth)),
    list(node, depth) {
      const items = (node.items ?? []).map((item) => h("li", null, ...blocks(item, depth)));
      const isOrdered = Number.isInteger(node.start);
      return h(isOrdered ? "ol" : "ul", isOrdered && node.start !== 1 ? { start: node.start } : null, ...items);
    },
    table(node, depth) {
      const rows = (node.rows ?? []).map((row, index) => {
        const props = index ? null : { scope: "col" };
        return h("tr", null, ...row.map((cell) => h(index ? "td" : "th", props, ...inlines(cell, depth))));
      });
      return h("div", { class: "table", tabindex: 0 }, h("table", null, ...rows));
    },
  };

  const plain = (node) => document.createTextNode(typeof node?.text === "string" ? node.text : "");
  const known = (map, node, depth) => depth < DEEPEST && Object.hasOwn(map, node?.t);
  const inline = (node, depth) => (known(INLINE, node, depth) ? INLINE[node.t](node, depth) : plain(node));
  const block = (node, depth) => (known(BLOCK, node, depth) ? BLOCK[node.t](node, depth) : plain(node));

  return blocks;
}
