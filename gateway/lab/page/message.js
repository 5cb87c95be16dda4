// One line of a pane: a bubble with what belongs to it.

import * as api from "./api.js";
import { h, icon } from "./dom.js";
import { words } from "./nodes.js";
import { receiptFold } from "./receipt.js";

const CLOCK = new Intl.DateTimeFormat([], { hour: "2-digit", minute: "2-digit" });
const RAW_CHARS = 6000;

/** Who a line is from, as the page tells them apart: contact, bot, agent, system or trouble. */
export function speaker(message) {
  if (message.author !== "bot") return message.author;
  const role = message.known?.role;
  return role === "agent" || role === "system" ? role : "bot";
}

/** What makes a line look different. */
export const print = (message) => JSON.stringify(message);

function choices(pane, message) {
  if (!message.choices.length) return null;
  return h("div", { class: "choices", role: "group", "aria-label": "Quick replies" },
    message.choices.map((choice) => h("button", { type: "button", onclick: () => pane.press(message.ref, choice) }, choice)));
}

function files(message) {
  if (!message.files.length) return null;
  return h("ul", { class: "files" }, message.files.map((name) => h("li", null, icon("file"), name)));
}

/** What the vendor received for this line: a button, and the place that it opens. */
function wire(pane, message, isOpen) {
  const text = h("code", null, "…");
  const place = h("pre", { class: "wire", tabindex: 0, hidden: !isOpen, "aria-label": `What ${pane.title} received` }, text);
  const label = `Show what ${pane.title} received`;
  const button = h("button", { type: "button", class: "wire-button", "aria-expanded": String(isOpen), "aria-label": label, title: label, onclick: () => toggle(place.hidden) }, "{ }");
  async function toggle(opens) {
    place.hidden = !opens;
    button.setAttribute("aria-expanded", String(opens));
    if (!opens) return;
    try {
      text.textContent = JSON.stringify(await api.raw(pane.id, message.ref), null, 2).slice(0, RAW_CHARS);
    } catch (error) {
      text.textContent = error.message;
    }
  }
  if (isOpen) toggle(true);
  return [button, place];
}

function thumbs(pane, message) {
  if (!pane.abilities.includes("react")) return null;
  const send = (isGood) => pane.act(() => api.react(pane.id, message.ref, isGood));
  return h("span", { class: "thumbs" },
    h("button", { type: "button", "aria-label": "React with a thumb up", onclick: () => send(true) }, "👍"),
    h("button", { type: "button", "aria-label": "React with a thumb down", onclick: () => send(false) }, "👎"));
}

function change(pane, message) {
  if (!pane.abilities.includes("edit") || message.is_deleted) return null;
  return h("button", { type: "button", class: "change", onclick: () => pane.change(message) }, "Edit");
}

function meta(pane, message, who, button) {
  const facts = [CLOCK.format(new Date(message.at)), message.is_edited && "edited", message.status].filter(Boolean);
  return h("p", { class: "meta" },
    who === "contact" && change(pane, message),
    h("span", null, facts.join(" · ")),
    button,
    who === "bot" && !message.is_streaming && thumbs(pane, message));
}

function name(pane, message, who) {
  if (who === "contact") return null;
  const label = { bot: pane.company, agent: message.known?.author ?? "A person", system: pane.company }[who] ?? "";
  const tag = { bot: "assistant", agent: "person" }[who];
  return label && h("p", { class: "name" }, h("span", { class: "face", "aria-hidden": "true" }, label.slice(0, 1)), label, tag && h("span", { class: "tag" }, tag));
}

/** A line as an element; `before` is the one it replaces, whose open folds stay open. */
export function line(pane, message, before) {
  const who = speaker(message);
  if (who === "trouble") return h("li", { class: "line trouble" }, icon("trouble"), h("span", null, message.text));
  const receipt = message.goesOn ? null : message.known?.receipt;
  const isEmpty = !message.text && !message.blocks.length && !message.files.length && !message.is_deleted;
  const isOpen = Boolean(before?.querySelector("details.receipt")?.open);
  const [button, place] = who === "contact" ? [] : wire(pane, message, before?.querySelector("pre.wire")?.hidden === false);
  return h("li", { class: `line ${who}`, "aria-busy": message.is_streaming ? "true" : null, "data-follows": message.follows ? "yes" : null },
    name(pane, message, who),
    !isEmpty && h("div", { class: "bubble" },
      message.is_deleted ? h("em", { class: "words" }, "This message was deleted.") : words(message),
      files(message)),
    !message.is_deleted && choices(pane, message),
    meta(pane, message, who, button),
    receipt && receiptFold(receipt, isOpen),
    place);
}

