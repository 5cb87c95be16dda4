// The lab: every channel side by side, the desk beside them.

import * as api from "./api.js";
import { BehindPane } from "./behind.js";
import { $, h, icon, toast } from "./dom.js";
import { Pane } from "./pane.js";
import { WebPane } from "./web.js";

const NARROW = matchMedia("(max-width: 820px)");
const DESK = "desk";
const panes = new Map();
const inView = new Set();
let shown = "";

/** Which panes are in sight beside the chosen one: what happens there is no news. */
const sight = new IntersectionObserver(
  (entries) => {
    for (const { target, isIntersecting } of entries) {
      const id = target.id.slice("pane-".length);
      if (isIntersecting) inView.add(id);
      else inView.delete(id);
      if (isIntersecting) $("channels").querySelector(`[data-pane="${CSS.escape(id)}"]`)?.removeAttribute("data-news");
    }
  },
  { threshold: 0.6 },
);

/** What to do first, ticked off as it happens in any channel. */
function tick() {
  const done = { ask: false, press: false, person: false, answer: false };
  for (const pane of panes.values()) for (const [step, is] of Object.entries(pane.progress)) done[step] ||= is;
  let next = null;
  for (const item of document.querySelectorAll("#story li")) {
    const is = done[item.dataset.step];
    item.toggleAttribute("data-next", !is && !next);
    next ??= is ? null : item;
    if (item.dataset.done === String(is)) continue;
    item.dataset.done = String(is);
    item.querySelector(".sr").textContent = is ? " (done)" : "";
  }
}

/** On a phone one pane is shown at a time; on a desk it is brought into view. */
function show(id, { focus = false } = {}) {
  const isNew = id !== shown;
  shown = id;
  for (const button of $("channels").querySelectorAll("button")) {
    button.toggleAttribute("data-shown", button.dataset.pane === id);
    button.setAttribute("aria-current", String(button.dataset.pane === id));
    if (button.dataset.pane === id) button.removeAttribute("data-news");
  }
  for (const pane of document.querySelectorAll(".pane")) pane.toggleAttribute("data-shown", pane.id === `pane-${id}`);
  const pane = $(`pane-${id}`);
  if (!NARROW.matches && isNew) pane.scrollIntoView({ inline: "nearest", block: "nearest" });
  const scroll = pane.querySelector(".scroll[role=log]");
  if (NARROW.matches && scroll) scroll.scrollTop = scroll.scrollHeight;
  if (focus) pane.querySelector("form.composer input[type=text], iframe")?.focus({ preventScroll: true });
}

function tab(id, title, kind) {
  return h("button", { type: "button", "data-pane": id, "data-kind": kind, onclick: () => show(id, { focus: !NARROW.matches }) }, icon(kind), h("span", null, title));
}

function changed(pane) {
  const count = pane.messages?.length ?? pane.replies.length;
  if (pane.seen !== undefined && count > pane.seen && pane.id !== shown && !inView.has(pane.id))
    $("channels").querySelector(`[data-pane="${CSS.escape(pane.id)}"]`)?.setAttribute("data-news", "");
  pane.seen = count;
  tick();
}

/** Where people answer: the helpdesk they know, the built-in desk, or one of them beside the other. */
function desk({ desk: console, helpdesk }) {
  const opened = h("a", { target: "_blank", class: "open" }, "Open in a tab");
  const frames = [];
  const choices = [];
  const turnTo = (index) => {
    opened.href = frames[index].dataset.address;
    frames.forEach((frame, at) => { frame.hidden = at !== index; });
    choices.forEach((button, at) => button.setAttribute("aria-pressed", String(at === index)));
  };
  const add = (title, address, ready) => {
    const frame = h("iframe", { title, "data-address": address });
    const open = () => (frame.src = address);
    ready.then(open, open);
    const index = frames.push(frame) - 1;
    choices.push(h("button", { type: "button", onclick: () => turnTo(index) }, title));
  };
  if (helpdesk) add("Helpdesk", helpdesk, Promise.resolve());
  if (console) add("Desk", console, api.sitDown());
  turnTo(0);
  const isOne = frames.length === 1;
  return h("section", { class: "pane desk", id: "pane-desk", "data-kind": DESK, "aria-labelledby": "title-desk" },
    h("header", null, h("span", { class: "glyph" }, icon(DESK)),
      h("div", { class: "titles" }, h("h2", { id: "title-desk" }, "Desk"), h("p", null, "where people answer")),
      isOne ? null : h("div", { class: "turn", role: "group", "aria-label": "Which desk" }, ...choices),
      opened),
    ...frames);
}

function askEverywhere(event) {
  event.preventDefault();
  const text = $("everywhere").value.trim();
  if (!text) return;
  $("everywhere").value = "";
  for (const pane of panes.values()) pane.say?.(text);
}

function place(pane) {
  panes.set(pane.id, pane);
  $("rail").append(pane.root);
  sight.observe(pane.root);
  $("channels").append(tab(pane.id, pane.title, pane.kind));
}

async function start() {
  const lab = await api.about();
  document.title = `Lab · ${lab.company}`;
  let behind = null;
  for (const about of lab.panes) {
    const isWeb = !about.has_vendor;
    const pane = isWeb ? new WebPane(about, lab, { onChange: changed, onKnown: (customer) => behind?.known(customer) }) : new Pane(about, lab, { onChange: changed });
    place(pane);
    if (!isWeb || behind || !(lab.backstage || lab.knowledge)) continue;
    behind = new BehindPane(lab, { onChange: changed, onPlay: () => show(about.id), chat: pane.chat });
    place(behind);
  }
  if (lab.desk || lab.helpdesk) {
    $("panes").append(desk(lab));
    $("channels").append(tab(DESK, "Desk", DESK));
  }
  $("ask").hidden = !lab.panes.some(({ has_vendor: has }) => has);
  $("ask").addEventListener("submit", askEverywhere);
  show(lab.panes[0]?.id ?? DESK);
  api.follow(
    (view) => panes.get(view.id)?.update(view),
    (view) => behind?.update(view),
    (isOpen) => { $("connection").hidden = isOpen; },
  );
}

start().catch((error) => toast(error.message));
