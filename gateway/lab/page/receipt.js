// The receipt under a reply: what was understood, found, decided, written, done and checked, and how long each step took.

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
  facts.push(...wayFacts(receipt.way));
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

/** The way of a turn in a few words: who wrote it, what it cost, which tools answered. */
function wayFacts(way) {
  if (!way) return [];
  const names = [...new Set(way.models.map(({ model }) => model))];
  const tools = way.tools.map(({ tool, outcome }) => (outcome === "done" ? tool : `${tool} ${outcome}`));
  return [way.by || names.at(-1), way.cost > 0 && cost(way.cost, way.currency), ...tools].filter(Boolean);
}

const cost = (amount, currency) => `${amount < 0.0001 ? "<0.0001" : amount.toFixed(4)} ${currency}`;

function written({ way }) {
  if (!way) return null;
  const rows = way.models.map((call) =>
    h("li", null,
      h("strong", null, call.model), ` ${call.purpose} · ${call.tokens_in} + ${call.tokens_out} tokens · ${cost(call.cost, way.currency)} · ${millis(call.ms)} · ${call.ended.replaceAll("_", " ")}`,
      call.failed.map((why) => h("span", { class: "held" }, why))));
  const total = way.tokens > 0 && `${way.tokens} tokens, ${cost(way.cost, way.currency)}`;
  return section("Written by",
    way.by && h("p", null, way.by),
    way.route && h("p", { class: "soft" }, way.route),
    rows.length > 0 && h("ol", { class: "calls" }, rows),
    total && h("p", { class: "soft" }, `Together ${total}`),
    way.notes.map((note) => h("p", { class: "held" }, note)));
}

function tools({ way }) {
  if (!way?.tools.length) return null;
  return section("Tools", h("ol", { class: "calls" }, way.tools.map((call) =>
    h("li", { "data-outcome": call.outcome },
      h("strong", null, call.tool), " ", h("span", { class: "outcome" }, call.outcome), h("span", { class: "said" }, call.said),
      call.dropped.length > 0 && h("span", { class: "held" }, `not taken from the model: ${call.dropped.join(", ")}`)))));
}

function guarded({ way }) {
  if (!way?.guard.length) return null;
  const released = way.guard.filter((one) => one.is_released).length;
  const slowest = Math.max(...way.guard.map(({ ms }) => ms));
  const held = way.guard.filter((one) => one.findings.length);
  return section("Guard",
    h("p", null, `${released} of ${count(way.guard.length, "sentence", "sentences")} released, ${millis(slowest)} at most`),
    held.length > 0 && h("ul", { class: "calls" }, held.map((one) =>
      h("li", { class: "held" }, `${one.is_released ? "noted" : "held back"}: ${one.findings.join(", ")}`))));
}

function time(receipt) {
  const longest = [...receipt.steps].sort((a, b) => b.ms - a.ms).slice(0, STEPS_SHOWN);
  return section("Took", h("p", null, h("strong", null, millis(receipt.ms)), `: ${longest.map(({ name, ms }) => `${name} ${millis(ms)}`).join(", ")}`));
}

/** The fold under a reply; `isOpen` keeps it as it was when the message is drawn anew. */
export function receiptFold(receipt, isOpen) {
  return h("details", { class: "receipt", open: isOpen },
    summary(receipt),
    h("div", { class: "slip" }, understood(receipt), written(receipt), tools(receipt), guarded(receipt), found(receipt), verdict(receipt), sources(receipt), time(receipt)));
}
