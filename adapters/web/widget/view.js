/** The whole of the frame: header, banner, messages, composer; drawn from the state. */

import { createComposer } from "./composer.js";
import { button, h, icon, put, toggle } from "./dom.js";
import { initial } from "./message.js";
import { createMessages } from "./messages.js";

/** What the banner says, most pressing first; null when there is nothing to say. */
export function bannerOf(state, isWaiting, t) {
  if (state.notice) return { text: t(state.notice), tone: "warn" };
  if (!state.online) return { text: t("offline"), tone: "warn" };
  if (isWaiting) return { text: t("unsent"), tone: "warn" };
  if (!state.connected) return { text: t("reconnecting"), tone: "warn" };
  if (state.owner === "queue") return { text: t(state.staffed ? "queue" : "away"), tone: "info" };
  return null;
}

function createHeader({ words, onClose }) {
  const { t } = words;
  const face = h("div", { class: "face", "aria-hidden": "true" });
  const title = h("h1", { class: "title" });
  const status = h("p", { class: "status" });
  const close = button({ class: "tool close", "aria-label": t("close"), title: t("close"), onclick: onClose }, icon("close"));
  const root = h("header", null, face, h("div", { class: "names" }, title, status), onClose && close);

  function update(state) {
    const company = state.config?.name ?? "";
    const agent = state.owner === "human" ? state.agent || t("agent") : "";
    put(title, agent || company);
    put(status, agent ? company : state.owner === "queue" ? t("waiting") : (state.config?.ai_label ?? ""));
    put(face, agent || company ? initial(agent || company) : "");
    root.dataset.owner = state.owner;
  }

  return { root, update };
}

function createBanner() {
  const root = h("div", { class: "banner", role: "status", hidden: true });
  return {
    root,
    update(banner) {
      toggle(root, Boolean(banner));
      put(root, banner?.text ?? "");
      root.dataset.tone = banner?.tone ?? "";
    },
  };
}

/** Files dragged over the frame land in the composer. */
function acceptDrops(root, words, add) {
  const veil = h("div", { class: "veil", hidden: true }, words.t("drop"));
  const hasFiles = (event) => [...(event.dataTransfer?.types ?? [])].includes("Files");
  const over = (event) => {
    if (!hasFiles(event)) return;
    event.preventDefault();
    toggle(veil, true);
  };
  root.addEventListener("dragenter", over);
  root.addEventListener("dragover", over);
  root.addEventListener("dragleave", (event) => event.relatedTarget ?? toggle(veil, false));
  root.addEventListener("drop", (event) => {
    toggle(veil, false);
    if (!hasFiles(event)) return;
    event.preventDefault();
    add([...event.dataTransfer.files]);
  });
  return veil;
}

/**
 * @param {{chat: any, words: any, storage: any, onClose: (() => void)|null}} context
 */
export function createView({ chat, words, storage, onClose }) {
  const header = createHeader({ words, onClose });
  const banner = createBanner();
  const messages = createMessages({ chat, words, send: (text) => chat.send(text) });
  const composer = createComposer({ chat, words, storage });
  const root = h("main", { class: "frame" }, header.root, banner.root, messages.root, messages.newer, composer.root);
  root.append(acceptDrops(root, words, composer.add));

  return {
    root,
    focus: composer.focus,
    draft: composer.draft,
    update(state) {
      header.update(state);
      banner.update(bannerOf(state, chat.isWaiting(), words.t));
      messages.update(state);
      composer.update(state);
    },
    /** The frame has just become visible: what needed a layout is done now. */
    shown() {
      composer.refresh();
      messages.toEnd(false);
    },
  };
}
