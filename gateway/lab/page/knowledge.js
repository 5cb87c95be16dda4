// How fresh the knowledge is: each source against its objective, the live release, one that the gate refused, and a sync now.

import * as api from "./api.js";
import { h, keyed, toast } from "./dom.js";

const LOOK_MS = 5_000;
const WORKING_MS = 1_000;
const REASONS = 5;
const DAY = 86_400;
const UNITS = [["day", DAY], ["hour", 3_600], ["minute", 60]];
const RELATIVE = new Intl.RelativeTimeFormat("en");
const CLOCK = new Intl.DateTimeFormat("en-GB", { timeStyle: "short" });
const TAGS = {
  fresh: ["good", "Fresh"],
  stale: ["bad", "Stale"],
  never: ["bad", "Never read"],
  failed: ["bad", "Last sync failed"],
  refused: ["warn", "Held back"],
  partial: ["warn", "Some documents skipped"],
  running: ["busy", "Syncing now"],
  broken: ["warn", "Last sync broke off"],
};

const some = (number, noun) => `${number.toLocaleString("en")} ${noun}${number === 1 ? "" : "s"}`;
const secondsTo = (moment) => (Date.parse(moment) - Date.now()) / 1000;

/** Seconds from now in words, those before now being negative. */
function relative(seconds) {
  const [unit, size] = UNITS.find(([, size]) => Math.abs(seconds) >= size) ?? [];
  if (unit) return RELATIVE.format(Math.trunc(seconds / size), unit);
  return seconds > 0 ? "in less than a minute" : "less than a minute ago";
}

/** A span of time in words, in hours below two days. */
function span(seconds) {
  const [unit, size] = UNITS.find(([name, size]) => seconds >= (name === "day" ? 2 * DAY : size)) ?? ["second", 1];
  return some(Math.round((10 * seconds) / size) / 10, unit);
}

/** Keys of `TAGS`, the weightiest first: as the knowledge page tells them. */
function statesOf(source, isSyncing) {
  if (source.outcome === "running") return [...(source.is_fresh === false ? ["stale"] : []), isSyncing ? "running" : "broken"];
  if (source.outcome === "never") return ["never"];
  const told = source.outcome === "ok" ? (source.is_fresh === false ? [] : ["fresh"]) : [source.outcome].filter((key) => Object.hasOwn(TAGS, key));
  return source.is_fresh === false ? ["stale", ...told] : told;
}

/** What a source says of itself, a line each. */
function linesOf(source) {
  const read = source.age_s === null ? "Never read to its end" : `Read ${relative(-source.age_s)}`;
  const next = source.next_run_at === null ? "by hand only" : `next ${relative(secondsTo(source.next_run_at))}`;
  const objective = source.fresh_within_s === null
    ? "No objective."
    : `Objective: at most ${span(source.fresh_within_s)} old, ${source.is_fresh ? "and it holds" : "which is missed"}.`;
  return [`${source.kind} · ${some(source.documents, "document")}`, `${read}; ${next}.`, objective];
}

export class KnowledgeSection {
  constructor({ can_sync: canSync, page }) {
    this.told = null;
    this.toldAt = null;
    this.isLooking = false;
    this.news = h("p", { class: "news", role: "status" });
    this.sources = h("ul", { class: "kb-sources" });
    this.refused = h("div", { class: "kb-refused" });
    this.live = h("p", { class: "soft" });
    this.button = canSync && h("button", { type: "button", onclick: () => this.sync() }, "Sync now");
    this.root = h("section", { class: "knowledge" },
      h("h3", null, "The knowledge"), this.news, this.refused, this.sources, this.live,
      h("div", { class: "kb-row" }, this.button, h("a", { href: page, target: "_blank", rel: "noopener" }, "Syncs, releases and gaps")));
    document.addEventListener("visibilitychange", () => this.look());
    this.look();
  }

  /** Ask how it stands, and again in a while; nobody asks for a page that is not seen. */
  async look() {
    clearTimeout(this.timer);
    this.isWanted = true;
    if (this.isLooking) return;
    this.isLooking = true;
    while (this.isWanted && !document.hidden) {
      this.isWanted = false;
      this.show(await api.knowledge().catch(() => ({ away: "The lab does not answer." })));
    }
    this.isLooking = false;
    if (!document.hidden) this.timer = setTimeout(() => this.look(), this.told?.is_syncing ? WORKING_MS : LOOK_MS);
  }

  async sync() {
    if (this.button.getAttribute("aria-disabled") === "true") return;
    try {
      await api.sync();
    } catch (error) {
      toast(error.message);
    }
    this.look();
  }

  show(view) {
    const before = this.told;
    if (view.away === null) {
      [this.told, this.toldAt] = [view, new Date()];
      this.draw(view);
    }
    this.say(view.away === null ? progress(view, before) : this.absence(view.away));
    const isOff = view.away !== null || view.is_syncing;
    if (this.button) this.button.setAttribute("aria-disabled", String(isOff));
  }

  draw(view) {
    keyed(this.sources, view.sources, {
      key: ({ id }) => id,
      print: (source) => JSON.stringify([source, view.is_syncing, linesOf(source)]),
      render: (source) => sourceOf(source, view.is_syncing),
    });
    keyed(this.refused, view.refused ? [view.refused] : [], {
      key: ({ at }) => at,
      print: (refused) => JSON.stringify([refused, relative(secondsTo(refused.at))]),
      render: refusalOf,
    });
    this.live.textContent = view.live
      ? `Answered from: ${some(view.live.documents, "document")} in ${some(view.live.chunks, "chunk")}${view.live.live_at ? ` that went live ${relative(secondsTo(view.live.live_at))}` : ""}.`
      : "Nothing is live yet: people get every question.";
  }

  /** Said once: whoever listens to the page is not told the same again. */
  say(words) {
    if (words !== null && this.news.textContent !== words) this.news.textContent = words;
  }

  absence(words) {
    return this.toldAt ? `${words} Below is what was known at ${CLOCK.format(this.toldAt)}.` : words;
  }
}

/** What is going on; null leaves what was said last. */
function progress(view, before) {
  if (view.is_syncing) return "A sync is running.";
  if (before?.is_syncing) return "The sync has ended.";
  return before ? null : "";
}

function sourceOf(source, isSyncing) {
  const tags = statesOf(source, isSyncing).map((key) => h("span", { class: "kb-tag", "data-tone": TAGS[key][0] }, TAGS[key][1]));
  return h("li", null,
    h("p", { class: "kb-name" }, h("strong", null, source.id), tags),
    linesOf(source).map((line) => h("p", { class: "soft" }, line)),
    source.error && h("p", { class: "kb-problem", dir: "auto" }, h("strong", null, "Last problem: "), source.error));
}

function refusalOf({ at, documents, reasons }) {
  const more = reasons.length - REASONS;
  return h("div", null,
    h("p", null, h("strong", null, "The gate refused a new release"), ` of ${some(documents, "document")} ${relative(secondsTo(at))}. The one before stays live.`),
    h("ul", null, reasons.slice(0, REASONS).map((reason) => h("li", { dir: "auto" }, reason)), more > 0 && h("li", null, `and ${some(more, "more reason")}`)));
}
