// The brief: who, what they want, what was tried; read in five seconds.

import { link } from "./ast.js";
import { fill, h, icon } from "./dom.js";
import { nameOf } from "./names.js";
import * as when from "./when.js";

const LANGUAGES = typeof Intl.DisplayNames === "function" ? new Intl.DisplayNames(undefined, { type: "language" }) : null;
const MOODS = { negative: ["Unhappy", "warn"], positive: ["Happy", "good"] };
const PRIORITIES = { urgent: ["Urgent", "alert"], high: ["High priority", "warn"] };

export function drawBrief(node, found) {
  const { brief, conversation } = found;
  fill(node, h("section", { class: "card brief", "aria-label": "Brief" },
    head(brief, conversation),
    brief.wants.length
      ? h("div", { class: "wants" }, h("h3", {}, "They write"), brief.wants.map((text) => h("blockquote", {}, text)))
      : h("p", { class: "soft" }, "They have not said yet what this is about."),
    brief.reason_text && part("Why a person", h("p", {}, sentence(brief.reason_text), detail(brief))),
    brief.tried.length > 0 && part("What the assistant did", h("ul", { class: "plain" }, brief.tried.map((text) => h("li", {}, text)))),
    brief.entities.length > 0 && part("Mentioned", h("p", { class: "chips" }, brief.entities.map(entity))),
    part("Contact", facts(conversation, brief))),
  brief.cited.length > 0 && h("section", { class: "card", "aria-label": "Passages" },
    h("h3", {}, "Passages shown to them"), brief.cited.map(passage)),
  found.feedback.length > 0 && h("section", { class: "card", "aria-label": "Feedback" },
    h("h3", {}, "Feedback"), h("ul", { class: "plain" }, found.feedback.map(opinion))));
}

const part = (title, ...children) => h("div", { class: "part" }, h("h3", {}, title), children);
const sentence = (text) => `${text[0].toUpperCase()}${text.slice(1)}.`;

function head(brief, item) {
  const mood = MOODS[brief.sentiment];
  const priority = PRIORITIES[brief.priority];
  return h("header", { class: "brief-head" },
    h("p", { class: "brief-who" }, nameOf(item),
      brief.is_verified && h("span", { class: "verified", title: "Proven by your site's login" }, icon("check"), "verified")),
    h("p", { class: "chips" },
      priority && h("span", { class: `tag ${priority[1]}` }, priority[0]),
      mood && h("span", { class: `tag ${mood[1]}` }, mood[0]),
      brief.language && h("span", { class: "tag" }, named(brief.language)),
      brief.waiting_since && h("span", { class: "wait", data: { since: brief.waiting_since, strain: "calm" } },
        icon("clock"), h("span", {}, "waiting "), "")));
}

function named(code) {
  try {
    return LANGUAGES?.of(code) || code;
  } catch {
    return code;
  }
}

/** Nothing twice: "asked for a person" needs no more words. */
const detail = (brief) => brief.detail && !brief.detail.toLowerCase().includes("asked for a person") && h("span", { class: "soft" }, ` ${brief.detail}`);
const entity = (found) =>
  h("span", { class: "chip" }, h("span", { class: "soft" }, `${found.kind.replaceAll("_", " ")} `), found.text);

function facts(item, brief) {
  const { name, email, customer_account: account } = item.contact;
  const rows = [["E-mail", name && email], ["Account", account], ["Channel", item.account], ["Episode", item.episode > 1 && item.episode]];
  return h("dl", { class: "facts" }, rows.filter(([, value]) => value).map(([key, value]) => [h("dt", {}, key), h("dd", {}, value)]),
    (name || email || account) && !brief.is_verified && h("dd", { class: "soft wide" }, "Not verified: only what they said."));
}

function passage(cited) {
  const title = cited.heading && cited.heading !== cited.title ? `${cited.title} › ${cited.heading}` : cited.title;
  return h("figure", { class: "passage" },
    h("figcaption", {}, cited.url ? link(cited.url, title) : title), h("blockquote", {}, h("span", { class: "clamp" }, plain(cited.quote))));
}

/** A quote is the document's own Markdown, folded to one line: as plain words, a table's rows parted by dashes. */
function plain(quote) {
  return quote
    .replaceAll(/\|?(?:\s*:?-{3,}:?\s*\|)+(?:\s*:?-{3,}:?)?/g, "|")
    .replaceAll(/\s*\|\s*\|[\s|]*/g, " – ")
    .replaceAll(/\s*\|\s*/g, " · ")
    .replaceAll(/\[([^\]]*)\]\([^)\s]*\)/g, "$1")
    .replaceAll(/\*\*|__|`/g, "")
    .replaceAll(/^[\s·–]+|[\s·–]+$/g, "");
}

const opinion = (given) => h("li", {}, `${given.rating} of 5`, given.text && `: “${given.text}”`, h("span", { class: "soft" }, ` · ${when.since(given.given_at)}`));
