// The receipt under a reply: what was understood, found, decided and quoted, and how long each step took.

import { h, icon } from "./dom.js";
import { link } from "./nodes.js";

const DECISIONS = { answer: "Answered", clarify: "Asked back", propose: "Offered a person", hand_over: "Handed over" };
const STEPS_SHOWN = 4;

const percent = (share) => `${Math.round(share * 100)} %`;
const millis = (ms) => (ms >= 100 ? `${Math.round(ms)} ms` : `${ms.toFixed(ms >= 10 ? 0 : 1)} ms`);
const decided = ({ decision }) => DECISIONS[decision] ?? decision.replaceAll("_", " ").replace(/^./, (first) => first.toUpperCase());
const count = (n, one, many) => `${n} ${n === 1 ? one : many}`;

function section(title, ...content) {
  return h("section", null, h("h4", null, title), content);
}

function summary(receipt) {
  const facts = [decided(receipt)];
  if (receipt.confidence !== null) facts.push(`${percent(receipt.confidence)} sure`);
  if (receipt.sources.length) facts.push(count(receipt.sources.length, "source", "sources"));
  facts.push(millis(receipt.ms));
  return h("summary", null, icon("receipt"), h("span", null, "Receipt"), h("span", { class: "facts" }, facts.join(" · ")));
}

function understood(receipt) {
  const facts = [receipt.language && `language ${receipt.language}`, ...receipt.noticed].filter(Boolean);
  return section("Understood",
    h("p", { class: "asked" }, `“${receipt.question}”`),
    receipt.borrowed && h("p", { class: "soft" }, `with words from before: ${receipt.borrowed}`),
    facts.length > 0 && h("ul", { class: "facts-list" }, facts.map((fact) => h("li", null, fact))));
}

function found(receipt) {
  if (!receipt.found) return section("Found", h("p", { class: "soft" }, "Nothing was searched: the rule did not need it."));
  const rows = receipt.passages.map((passage) =>
    h("li", { "data-quoted": passage.is_quoted ? "yes" : null },
      h("span", { class: "passage" }, passage.title, passage.heading && h("span", { class: "soft" }, ` › ${passage.heading}`)),
      passage.is_quoted && h("span", { class: "quoted" }, icon("check"), "quoted"),
      h("meter", { min: 0, max: 1, value: passage.share, title: `score ${passage.score}`, "aria-label": `score ${passage.score}` })));
  const more = receipt.found - rows.length;
  return section("Found", h("ol", { class: "passages" }, rows), more > 0 && h("p", { class: "soft" }, `and ${count(more, "passage", "passages")} more`));
}

function verdict(receipt) {
  const rule = receipt.rule ? `rule ${receipt.rule}` : "no rule";
  const sure = receipt.confidence === null ? "" : ` at ${percent(receipt.confidence)} confidence`;
  return section("Decided",
    h("p", null, h("strong", null, decided(receipt)), `${sure}, by ${rule}: ${receipt.because.join("; ") || "always"}`),
    receipt.outcome && h("p", null, receipt.outcome));
}

function sources(receipt) {
  if (!receipt.sources.length) return null;
  return section("Stands on", h("ol", { class: "sources" }, receipt.sources.map((source) =>
    h("li", { value: source.number },
      source.url ? link(source.url, source.title) : h("strong", null, source.title),
      h("blockquote", null, source.quote)))));
}

function time(receipt) {
  const longest = [...receipt.steps].sort((a, b) => b.ms - a.ms).slice(0, STEPS_SHOWN);
  return section("Took", h("p", null, h("strong", null, millis(receipt.ms)), `: ${longest.map(({ name, ms }) => `${name} ${millis(ms)}`).join(", ")}`));
}

/** The fold under a reply; `isOpen` keeps it as it was when the message is drawn anew. */
export function receiptFold(receipt, isOpen) {
  return h("details", { class: "receipt", open: isOpen },
    summary(receipt),
    h("div", { class: "slip" }, understood(receipt), found(receipt), verdict(receipt), sources(receipt), time(receipt)));
}
