// The transcript: whose words, who can see them, and whether they arrived.

import { blocks, link } from "./ast.js";
import { fill, h, icon, keyed } from "./dom.js";
import { sizeOf } from "./files.js";
import * as when from "./when.js";

const PICTURES = ["image/png", "image/jpeg", "image/gif", "image/webp", "image/avif"];
const UNAVAILABLE = {
  too_large: "too large to be kept",
  type_refused: "a kind of file that is not kept",
  gone: "no longer at the sender's service",
  unreachable: "could not be fetched",
};

const DELIVERY = {
  pending: ["Sending…", ""],
  sent: ["Delivered", ""],
  delivered: ["Delivered", ""],
  read: ["Read", ""],
  parked: ["Not delivered: needs a look", "bad"],
  rejected: ["Could not be delivered", "bad"],
};

export function drawTranscript(node, messages, unread, contact) {
  const rows = [];
  let day = "";
  const unreadRows = unread.filter((item) => !messages.some((message) => message.id === item.id)).map(asMessage);
  for (const message of [...messages, ...unreadRows]) {
    const date = when.date(message.created_at);
    if (date !== day) rows.push({ id: `day ${date} ${message.id}`, divider: date });
    day = date;
    rows.push(message);
  }
  keyed(node, rows, {
    key: (row) => row.id,
    print: (row) => JSON.stringify(row),
    render: (row) => (row.divider ? h("li", { class: "divider" }, h("span", {}, row.divider)) : bubble(row, contact)),
  });
}

function asMessage(item) {
  return {
    ...item, role: "contact", kind: "text", visibility: "contact", created_at: item.received_at,
    citations: [], arriving: true,
  };
}

function bubble(message, contact) {
  const internal = message.visibility === "internal";
  const kind = internal ? (message.kind === "note" ? "note" : "draft") : message.kind === "text" ? message.role : "system";
  const children = [
    h("p", { class: "from" }, author(message, kind, contact), h("time", { datetime: message.created_at, title: when.exact(message.created_at) }, when.hour(message.created_at))),
    kind === "draft" ? draft(message) : h("div", { class: "words" }, words(message)),
    message.attachments.length > 0 && h("ul", { class: "files" }, message.attachments.map(attachment)),
    kind !== "draft" && message.citations.length > 0 && sources(message),
    footer(message, kind),
  ];
  return h("li", { class: `message ${kind}${message.arriving ? " arriving" : ""}`, data: { id: message.id, position: message.position || "" } }, children);
}

/** A file: a picture or a recording at once, everything else as a link; one that cannot be had says why. */
function attachment(file) {
  const name = file.size_bytes ? `${file.name} (${sizeOf(file.size_bytes)})` : file.name;
  if (!file.url) return h("li", { class: "soft" }, `${name}: ${UNAVAILABLE[file.unavailable] || "not available"}`);
  return h("li", {}, preview(file), h("a", { href: file.url, target: "_blank", rel: "noopener noreferrer" }, name),
    file.transcript && h("p", { class: "transcript-of" }, `“${file.transcript}”`));
}

function preview(file) {
  const broken = (event) => event.target.remove(); // not fetched yet, or the link ended: the name stays
  if (PICTURES.includes(file.media_type)) return h("img", { src: file.url, alt: file.name, loading: "lazy", class: "picture", onerror: broken });
  if (file.media_type.startsWith("audio/")) return h("audio", { src: file.url, controls: true, preload: "none", "aria-label": file.name });
  return null;
}

function author(message, kind, contact) {
  if (kind === "note") return h("span", { class: "who" }, icon("lock"), `Internal note${message.author ? ` · ${message.author}` : ""}`);
  if (kind === "draft") return h("span", { class: "who" }, icon("lock"), "Internal · assistant's draft, not sent");
  if (kind === "contact") return h("span", { class: "who" }, contact);
  if (kind === "bot") return h("span", { class: "who" }, icon("bot"), "Assistant");
  if (kind === "agent") return h("span", { class: "who" }, message.author || "Agent");
  return h("span", { class: "sr" }, "System");
}

function draft(message) {
  return h("details", {}, h("summary", {}, message.text.slice(0, 90)), h("div", { class: "words" }, words(message)));
}

function words(message) {
  const cited = new Map(message.citations.map((citation) => [citation.number, citation]));
  return blocks(message.blocks, (number) => {
    const citation = cited.get(number);
    if (!citation) return `[${number}]`;
    return h("sup", {}, citation.url ? link(citation.url, `[${number}]`) : `[${number}]`);
  });
}

function sources(message) {
  return h("ol", { class: "sources", "aria-label": "Sources" }, message.citations.map((citation) =>
    h("li", { value: citation.number, title: citation.quote }, citation.url ? link(citation.url, citation.title) : citation.title)));
}

function footer(message, kind) {
  const state = (kind === "agent" || kind === "bot") && DELIVERY[message.delivery];
  const notes = [
    message.interrupted && "Interrupted when a person took over",
    message.arriving && "Just arrived",
    message.feedback !== undefined && message.feedback !== null && (message.feedback <= 2 ? "Marked as not helpful" : "Marked as helpful"),
  ].filter(Boolean);
  if (!state && !notes.length) return null;
  return h("p", { class: "foot" }, notes.map((text) => h("span", {}, text)),
    state && h("span", { class: `delivery ${state[1]}` }, state[1] ? icon("warn") : message.delivery === "sent" && icon("check"), state[0]));
}

export function drawTyping(node, name) {
  node.hidden = !name;
  fill(node, name ? `${name} is typing…` : "");
}
