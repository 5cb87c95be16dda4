/** One message: bubble, sources, attachments, thumbs, and the state of sending. */

import { button, h, icon, put, toggle } from "./dom.js";
import { createRenderer, link, safeHref } from "./render.js";

/** @typedef {import("./types.js").View} View */
/** @typedef {import("./types.js").Pending} Pending */

const PICTURES = ["image/png", "image/jpeg", "image/gif", "image/webp"];

function attachment(item, words) {
  const url = item.url && safeHref(item.url);
  const size = item.size_bytes ? words.size(item.size_bytes) : "";
  const chip = () => [icon("file"), h("span", { class: "file-name" }, item.name), h("span", { class: "file-size" }, size)];
  if (!url) return h("span", { class: "file" }, ...chip());
  if (!PICTURES.includes(item.media_type)) return link(url, { class: "file" }, ...chip());
  const broken = (event) => event.target.replaceWith(h("span", { class: "file" }, ...chip())); // the signed link ended
  return link(url, { class: "picture" }, h("img", { src: url, alt: item.name, loading: "lazy", onerror: broken }));
}

function sources(view, t) {
  if (!view.citations.length) return null;
  const items = view.citations.map((source) =>
    h(
      "li",
      null,
      h("span", { class: "number", "aria-hidden": "true" }, String(source.number)),
      link(
        source.url,
        { class: "source", dir: "auto", title: source.quote || null },
        h("span", { class: "source-title" }, source.title),
        source.heading && source.heading !== source.title && h("span", { class: "source-heading" }, source.heading),
      ),
    ),
  );
  return h("div", { class: "sources" }, h("div", { class: "sources-label" }, t("sources")), h("ul", { role: "list" }, ...items));
}

/** Thumbs under a reply of the bot; the choice is kept and may be changed. */
function thumbs(view, words, chat) {
  const { t } = words;
  const said = h("span", { class: "sr", role: "status" });
  const buttons = { up: t("helpful"), down: t("unhelpful") };
  const show = () => {
    const rated = chat.ratedAs(view.id);
    for (const node of box.querySelectorAll("button")) node.setAttribute("aria-pressed", String(node.dataset.rating === rated));
  };
  const rate = async (rating) => {
    if (await chat.rate(view.id, rating)) put(said, t("rated"));
    show();
  };
  const thumb = (rating) =>
    button(
      { class: "thumb", "data-rating": rating, "aria-label": buttons[rating], title: buttons[rating], onclick: () => rate(rating) },
      icon(rating),
    );
  const box = h("span", { class: "thumbs" }, thumb("up"), thumb("down"), said);
  show();
  return box;
}

function who(view, words, config) {
  if (view.role === "contact") return words.t("you");
  if (view.role === "agent") return view.author || words.t("agent");
  return view.role === "bot" ? config.ai_label || words.t("assistant") : "";
}

/**
 * A message of the server's log.
 * @param {View} view
 * @param {{words: any, chat: any, config: any, follows: boolean}} context  `follows`: the one before is by the same speaker
 */
export function messageRow(view, { words, chat, config, follows }) {
  const { t } = words;
  const name = who(view, words, config);
  const blocks = createRenderer(view.citations, t)(view.blocks);
  if (view.role === "system") return h("div", { class: "notice-row" }, h("div", { class: "notice", dir: "auto" }, ...blocks));
  const isOurs = view.role === "contact";
  const label = h("div", { class: isOurs || follows ? "sr" : "who" }, badge(view, name), name);
  const canRate = view.role === "bot" && view.kind === "text" && !view.interrupted;
  return h(
    "div",
    { class: `row row-${view.role}`, "data-follows": follows },
    label,
    view.text.trim() && h("div", { class: "bubble" }, wordsBox(blocks), sources(view, t)),
    ...view.attachments.map((item) => attachment(item, words)),
    h(
      "div",
      { class: "meta" },
      h("time", { datetime: view.created_at }, words.time(view.created_at)),
      view.interrupted && h("span", null, `· ${t("interrupted")}`),
      canRate && thumbs(view, words, chat),
    ),
  );
}

function badge(view, name) {
  if (view.role === "bot") return h("span", { class: "badge" }, icon("spark"));
  return view.role === "agent" && h("span", { class: "badge", "aria-hidden": "true" }, initial(name));
}

/** The words themselves, in their own writing direction. */
export const wordsBox = (blocks) => h("div", { class: "words", dir: "auto" }, ...blocks);

/** The first letter of a name, also outside the basic plane. */
export const initial = (name) => ([...name.trim()][0] ?? "?").toLocaleUpperCase();

/** A message of ours that the log does not show yet. @param {Pending} entry */
export function pendingRow(entry, { words, chat }) {
  const { t } = words;
  const text = h("span", { role: "status" });
  const tools = h(
    "span",
    { class: "tools" },
    button({ class: "link", onclick: () => chat.retry(entry.key) }, t("retry")),
    button({ class: "link", onclick: () => chat.discard(entry.key) }, t("discard")),
  );
  const row = h(
    "div",
    { class: "row row-contact" },
    h("div", { class: "sr" }, t("you")),
    entry.text.trim() && h("div", { class: "bubble" }, wordsBox([h("p", { class: "typed" }, entry.text)])),
    ...entry.attachments.map((item) => attachment(item, words)),
    h("div", { class: "meta" }, text, tools),
  );
  const update = (now) => {
    row.dataset.state = now.state;
    put(text, t({ queued: "sending", sent: "sent", failed: "failed" }[now.state]));
    toggle(tools, now.state === "failed");
  };
  update(entry);
  return { row, update };
}
