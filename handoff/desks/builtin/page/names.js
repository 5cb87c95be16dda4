// What a conversation is called and how it stands, the same in every pane.

import { h, icon } from "./dom.js";
import * as when from "./when.js";

export function nameOf(item) {
  const { name, email, customer_account: account } = item.contact;
  return name || email || (account ? `Account ${account}` : `Visitor ${item.conv.slice(-4)}`);
}

export function waiting(item) {
  if (!item.waiting_since) return h("span", { class: "age", data: { since: item.updated_at } }, "");
  return h("span", { class: "wait", data: { since: item.waiting_since, strain: "calm" }, title: "Waiting for a person" },
    icon("clock"), h("span", { class: "sr" }, "Waiting "), "");
}

export function tags(item) {
  return [
    item.priority === "urgent" && h("span", { class: "tag alert" }, "Urgent"),
    item.sentiment === "negative" && h("span", { class: "tag warn" }, "Unhappy"),
    item.sentiment === "positive" && h("span", { class: "tag good" }, "Happy"),
    item.owner === "bot" && h("span", { class: "tag bot" }, "Assistant"),
    item.owner === "human" && h("span", { class: "tag" }, item.agent || "Agent"),
    item.owner === "none" && h("span", { class: "tag" }, item.csat ? `Resolved · ${item.csat}/5` : "Resolved"),
    item.owner === "queue" && item.reason_text && item.reason !== "sentiment" && h("span", { class: "tag" }, item.reason_text),
    item.language && item.language !== "en" && h("span", { class: "tag" }, item.language.toUpperCase()),
  ];
}

/** Waiting times grow without a word from the server. */
export function tick() {
  for (const node of document.querySelectorAll("[data-since]")) {
    node.lastChild.textContent = when.since(node.dataset.since);
    if (node.dataset.strain) node.dataset.strain = when.strain(node.dataset.since);
  }
}
