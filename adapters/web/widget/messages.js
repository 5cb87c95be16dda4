/** The scrolling part: welcome, log, preview of the reply in the making, quick replies, rating. */

import { button, h, icon, put, toggle } from "./dom.js";
import { messageRow, pendingRow, wordsBox } from "./message.js";
import { createRenderer } from "./render.js";

const NEAR_PX = 90;
const START_PX = 14;
const GROUP_MS = 5 * 60 * 1000;

/** A link that was signed anew is the same message. */
const signature = (row) => JSON.stringify(row, (name, value) => (name === "url" && value ? value.split("?")[0] : value));

/**
 * What the log shows, in order; pure.
 * @returns {{key: string, sig: string, kind: string, [more: string]: any}[]}
 */
export function rowsOf(views, pending, keyOf, words) {
  const rows = [];
  let before = null;
  for (const view of views.filter((item) => item.kind !== "csat_request")) {
    const day = words.day(view.created_at);
    if (day !== before?.day) rows.push({ key: `day ${view.id}`, kind: "day", day, sig: day });
    const speaker = `${view.role} ${view.author ?? ""}`;
    const at = new Date(view.created_at).getTime();
    const follows = before?.day === day && before.speaker === speaker && at - before.at < GROUP_MS;
    rows.push({ key: keyOf(view), kind: "message", view, follows, sig: signature([view, follows]) });
    before = { day, speaker, at };
  }
  for (const entry of pending) rows.push({ key: entry.key, kind: "pending", entry, sig: "pending" });
  return rows;
}

/** The request that still stands: nothing was said after it. */
function requestIn(messages) {
  const last = messages.at(-1);
  return last?.kind === "csat_request" ? last : null;
}

/** "How did we do?": five stars as radio buttons, a comment, thanks. */
function createCsat({ chat, words }) {
  const { t } = words;
  const title = h("legend", { dir: "auto" }, t("csat"));
  const comment = h("textarea", { rows: 2, "aria-label": t("comment"), placeholder: t("comment"), maxlength: 1000, hidden: true });
  const submit = h("button", { type: "submit", class: "primary", hidden: true }, t("submit"));
  const star = (n) =>
    h(
      "label",
      { class: "star", title: t("stars", { n }) },
      h("input", { type: "radio", name: "rating", value: n, "aria-label": t("stars", { n }), onchange: chosen }),
      icon("star"),
    );
  const stars = h("div", { class: "stars" }, ...[1, 2, 3, 4, 5].map(star));
  const ends = h("div", { class: "ends", "aria-hidden": "true" }, h("span", null, t("poor")), h("span", null, t("great")));
  const form = h("form", { onsubmit: send }, h("fieldset", null, title, stars, ends), comment, submit);
  const thanks = h("p", { class: "thanks", role: "status" });
  const root = h("div", { class: "csat", hidden: true }, form, thanks);

  function chosen() {
    toggle(comment, true);
    toggle(submit, true);
  }

  async function send(event) {
    event.preventDefault();
    const rating = Number(new FormData(form).get("rating"));
    submit.disabled = true;
    await chat.rateConversation(rating, comment.value.trim());
    submit.disabled = false;
  }

  function update(state) {
    const request = state.config?.csat ? requestIn(chat.messages()) : null;
    toggle(root, Boolean(request));
    if (!request) return;
    const isRated = state.csat !== null && state.csat !== undefined;
    toggle(form, !isRated);
    put(title, request.text || t("csat"));
    put(thanks, isRated ? `${t("csatThanks")} ${"★".repeat(state.csat)}` : "");
  }

  return { root, update };
}

/** @param {{chat: any, words: any, send: (text: string) => void}} context */
export function createMessages({ chat, words, send }) {
  const { t } = words;
  const { state } = chat;
  const log = h("div", { class: "log", role: "log", "aria-live": "polite", "aria-relevant": "additions", "aria-label": t("log") });
  const welcome = h("div", { class: "welcome" });
  const preview = h("div", { class: "row row-bot preview", hidden: true });
  const typing = h(
    "div",
    { class: "row row-bot typing", hidden: true },
    h("div", { class: "bubble" }, h("i"), h("i"), h("i"), h("span", { class: "sr", role: "status" })),
  );
  const chips = h("div", { class: "chips", hidden: true });
  const csat = createCsat({ chat, words });
  const inner = h("div", { class: "inner" }, welcome, log, preview, typing, chips, csat.root);
  const newer = button({ class: "newer", hidden: true, onclick: () => toEnd(true) }, icon("arrow"), t("newer"));
  const root = h("div", { class: "messages", tabindex: 0, role: "region", "aria-label": t("log"), onscroll: onScroll }, inner);
  /** @type {Map<string, {sig: string, node: HTMLElement, update?: (entry: any) => void}>} */
  let shown = new Map();
  let isFollowing = true;
  let lastTop = 0;
  let lastKey = "";
  let shownConfig = null;
  let shownChips = "";
  let previewBlocks = [];

  const observer = new ResizeObserver(follow);
  observer.observe(inner);
  observer.observe(root);

  /** How far down to go by itself: to the end, but never so far that the start of the newest reply leaves the view. */
  function target() {
    const last = log.lastElementChild;
    const isAnswered = last?.previousElementSibling?.classList.contains("row-contact");
    const start = state().preview || !isAnswered ? last : last.previousElementSibling;
    const end = root.scrollHeight - root.clientHeight;
    return start ? Math.min(end, start.offsetTop - root.offsetTop - START_PX) : end;
  }

  /** New text is followed while the reader is there; who scrolled up is left alone. */
  function follow() {
    if (isFollowing && root.scrollTop < target()) root.scrollTop = target();
  }

  /** Only a move upwards means that somebody reads further up: by the time this is called, new text may have made the log longer. */
  function onScroll() {
    const isUp = root.scrollTop < lastTop;
    const isNear = root.scrollTop > target() - NEAR_PX;
    lastTop = root.scrollTop;
    if (isNear || isUp) isFollowing = isNear;
    if (isNear) toggle(newer, false);
  }

  function toEnd(smooth) {
    isFollowing = true;
    root.scrollTo({ top: root.scrollHeight, behavior: smooth ? "smooth" : "instant" });
    toggle(newer, false);
  }

  /** To what we just said; the reply may already stand under it. */
  function toStart() {
    isFollowing = true;
    root.scrollTop = target();
    toggle(newer, false);
  }

  function build(row, config) {
    if (row.kind === "day") return { node: h("div", { class: "day" }, h("span", null, row.day)) };
    if (row.kind === "message") return { node: messageRow(row.view, { words, chat, config, follows: row.follows }) };
    const { row: node, update } = pendingRow(row.entry, { words, chat });
    return { node, update };
  }

  /** Bring the log to `rows`, touching only what changed: each new message is announced once. */
  function reconcile(rows, config) {
    const next = new Map();
    let at = log.firstChild;
    for (const row of rows) {
      let have = shown.get(row.key);
      if (!have || have.sig !== row.sig) {
        const made = { sig: row.sig, ...build(row, config) };
        if (have && at === have.node) at = have.node.nextSibling;
        have?.node.remove();
        have = made;
      }
      have.update?.(row.entry);
      if (have.node === at) at = at.nextSibling;
      else log.insertBefore(have.node, at);
      next.set(row.key, have);
    }
    for (const [key, { node }] of shown) if (!next.has(key)) node.remove();
    shown = next;
  }

  function updateWelcome(config, isEmpty) {
    if (config && config !== shownConfig) {
      shownConfig = config;
      const ask = (text) => button({ class: "suggestion", onclick: () => send(text) }, h("span", { dir: "auto" }, text), icon("go"));
      const list = h("div", { class: "suggestions" }, h("p", { class: "hint" }, t("ask")), ...config.suggestions.map(ask));
      welcome.replaceChildren(
        h("p", { class: "greeting", dir: "auto" }, config.greeting),
        h("p", { class: "disclosure" }, icon("spark"), h("span", null, t("disclosure", { label: config.ai_label }))),
        config.suggestions.length ? list : "",
      );
    }
    welcome.dataset.empty = String(isEmpty);
  }

  /** Only the blocks that changed are built anew while text streams in. */
  function updatePreview(now) {
    toggle(preview, Boolean(now));
    if (!now) {
      if (previewBlocks.length) preview.replaceChildren();
      previewBlocks = [];
      return;
    }
    if (!preview.firstChild) {
      const label = h("div", { class: "who" }, h("span", { class: "badge" }, icon("spark")), shownConfig?.ai_label ?? t("assistant"));
      preview.append(label, h("div", { class: "bubble" }, wordsBox([])));
    }
    const box = preview.lastChild.firstChild;
    const texts = now.blocks.map((block) => JSON.stringify(block));
    let same = 0;
    while (same < texts.length && texts[same] === previewBlocks[same]) same += 1;
    while (box.childNodes.length > same) box.lastChild.remove();
    box.append(...createRenderer([], t)(now.blocks.slice(same)));
    previewBlocks = texts;
  }

  function updateTyping(now) {
    const who = now.typing && (now.typing === "agent" ? now.agent || t("agent") : shownConfig?.ai_label || t("assistant"));
    const isShown = Boolean(who) && !now.preview;
    toggle(typing, isShown);
    const status = typing.querySelector("span");
    status.className = now.tool ? "" : "sr";
    put(status, isShown ? t(now.tool ? "tool" : "typing", { who }) : "");
  }

  /** Answers the last message offers, until something else is said. */
  function updateChips(now) {
    const last = chat.messages().at(-1);
    const isOpen = last && last.role !== "contact" && !chat.pending().length && !now.preview;
    const choices = isOpen ? last.choices : [];
    const offers = isOpen && last.proposal && now.owner === "bot";
    const sig = JSON.stringify([choices, offers]);
    if (sig === shownChips) return;
    shownChips = sig;
    const chip = (text) => button({ class: "chip", dir: "auto", onclick: () => send(text) }, text);
    const person = () => button({ class: "chip chip-person", onclick: chat.escalate }, icon("person"), t("person"));
    chips.replaceChildren(...choices.map(chip), ...(offers ? [person()] : []));
    toggle(chips, chips.childNodes.length > 0);
  }

  function update(now) {
    const rows = rowsOf(chat.messages(), chat.pending(), chat.keyOf, words);
    const last = rows.at(-1);
    const isNews = last && last.key !== lastKey;
    const isHistory = !lastKey && rows.length > 2;
    lastKey = last?.key ?? "";
    updateWelcome(now.config, rows.length === 0 && !now.preview);
    if (isHistory) log.setAttribute("aria-busy", "true"); // what was said before is not news
    if (now.config) reconcile(rows, now.config);
    if (isHistory) requestAnimationFrame(() => log.removeAttribute("aria-busy"));
    updatePreview(now.preview);
    updateTyping(now);
    updateChips(now);
    csat.update(now);
    if (isNews && last.kind === "pending") toStart();
    else if (isNews && !isFollowing) toggle(newer, true);
  }

  return { root, newer, update, toEnd };
}
