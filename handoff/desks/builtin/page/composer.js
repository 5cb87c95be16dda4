// The composer: a reply and an internal note must never be mistaken for each other.

import * as api from "./api.js";
import { $, fill, h, icon, toast } from "./dom.js";
import { Files } from "./files.js";

const TYPING_EVERY_MS = 3000;
const TYPING_ENDS_MS = 5000;
const MODES = {
  reply: { tab: "Reply", button: "Send reply", label: "Reply to the customer" },
  note: { tab: "Internal note", button: "Save internal note", label: "Internal note, for your team only" },
};

export class Composer {
  /** `act(mode, body)` sends; it answers false when the agent decided against it. */
  constructor(act) {
    this.act = act;
    this.drafts = new Map();
    this.mode = "reply";
    this.files = new Files({ changed: () => this.draw(), where: () => ({ tenant: this.found.tenant, conv: this.conv }) });
    this.build();
  }

  build() {
    this.tabs = Object.entries(MODES).map(([mode, { tab }]) =>
      h("button", { type: "button", role: "tab", id: `tab-${mode}`, "aria-controls": "pane-text", class: "tab", data: { mode },
        onclick: () => this.use(mode) }, mode === "note" && icon("lock"), tab));
    this.text = h("textarea", { id: "text", rows: 2, maxlength: 10000, oninput: () => this.typed(), onblur: () => this.stopTyping() });
    this.snippets = h("select", { id: "snippets", "aria-label": "Insert a snippet", onchange: () => this.insertSnippet() });
    this.hint = h("p", { class: "hint", id: "composer-hint" });
    this.button = h("button", { type: "submit", class: "primary send" });
    this.text.setAttribute("aria-describedby", "composer-hint");
    const tabs = h("div", { class: "tabs", role: "tablist", "aria-label": "Reply or internal note", onkeydown: (event) => this.arrow(event) }, this.tabs);
    fill($("composer"), tabs,
      h("div", { class: "write", id: "pane-text", role: "tabpanel" }, this.text, this.files.list),
      h("div", { class: "row" }, this.hint, this.files.said, this.files.picker, this.files.button, this.snippets, this.button));
    this.files.listen($("open-case"), () => this.mode === "reply" && !$("composer").hidden);
    $("composer").addEventListener("submit", (event) => { event.preventDefault(); this.send(); });
    this.text.addEventListener("keydown", (event) => {
      if (event.key === "Enter" && (event.ctrlKey || event.metaKey)) { event.preventDefault(); this.send(); }
    });
  }

  arrow(event) {
    if (event.key !== "ArrowLeft" && event.key !== "ArrowRight") return;
    event.preventDefault();
    this.use(this.mode === "reply" ? "note" : "reply");
    $(`tab-${this.mode}`).focus();
  }

  /** Show a conversation's own unfinished words. */
  open(found, agent) {
    this.found = found;
    this.agent = agent;
    const { conv } = found.conversation;
    if (this.conv !== conv) {
      this.stopTyping();
      this.conv = conv;
      this.use(this.draft.mode);
    }
    this.files.use(this.draft.files, found.files);
    const titles = found.snippets.map((snippet) => snippet.title);
    if (this.titles !== titles.join("\n")) {
      this.titles = titles.join("\n");
      fill(this.snippets, h("option", { value: "" }, "Snippets"), titles.map((title, index) => h("option", { value: index }, title)));
    }
    this.snippets.hidden = !titles.length;
    this.draw();
  }

  get draft() {
    if (!this.drafts.has(this.conv)) this.drafts.set(this.conv, { mode: "reply", reply: "", note: "", files: [], keys: {} });
    return this.drafts.get(this.conv);
  }

  use(mode) {
    this.mode = mode;
    this.draft.mode = mode;
    this.text.value = this.draft[mode];
    this.stopTyping();
    this.draw();
  }

  draw() {
    const { button, label } = MODES[this.mode];
    $("composer").dataset.mode = this.mode;
    for (const tab of this.tabs) {
      const isChosen = tab.dataset.mode === this.mode;
      tab.setAttribute("aria-selected", String(isChosen));
      tab.tabIndex = isChosen ? 0 : -1;
    }
    $("pane-text").setAttribute("aria-labelledby", `tab-${this.mode}`);
    this.text.setAttribute("aria-label", label);
    this.text.placeholder = this.mode === "note" ? "Only your team will ever see this" : "Write to the customer";
    fill(this.button, icon(this.mode === "note" ? "lock" : "send"), button);
    const hasFiles = this.mode === "reply" && this.files.ids.length > 0;
    this.button.disabled = Boolean(this.sending) || this.files.isBusy || !(this.text.value.trim() || hasFiles);
    this.files.button.hidden = this.files.picker.hidden = this.mode === "note";
    this.files.list.hidden = this.mode === "note" || !this.files.items.length;
    this.hint.textContent = this.explain();
    this.grow();
  }

  explain() {
    if (this.mode === "note") return "Internal: the customer never sees notes.";
    if (this.files.hint) return this.files.hint;
    const { owner, agent } = this.found?.conversation || {};
    if (owner === "human" && agent !== this.agent) return `${agent} looks after this. Replying takes it over.`;
    if (owner === "bot") return "Replying takes over from the assistant.";
    if (owner === "queue") return "Replying claims this conversation.";
    if (owner === "none") return "Resolved. Replying opens it again.";
    return matchMedia("(pointer: coarse)").matches ? "" : "Ctrl + Enter sends.";
  }

  grow() {
    this.text.style.height = "auto";
    this.text.style.height = `${Math.min(this.text.scrollHeight + 2, innerHeight * 0.35)}px`;
  }

  typed() {
    this.draft[this.mode] = this.text.value;
    this.draw();
    if (this.mode !== "reply" || !this.isMine()) return;
    clearTimeout(this.idle);
    this.idle = setTimeout(() => this.stopTyping(), TYPING_ENDS_MS);
    if (Date.now() - (this.toldAt || 0) < TYPING_EVERY_MS) return;
    this.toldAt = Date.now();
    api.typing(this.found.tenant, this.conv, true);
  }

  stopTyping() {
    clearTimeout(this.idle);
    if (!this.toldAt) return;
    this.toldAt = 0;
    api.typing(this.found.tenant, this.conv, false);
  }

  isMine() {
    const { owner, agent } = this.found.conversation;
    return owner === "human" && agent === this.agent;
  }

  /** Put a text into the reply, to be edited; what stands there is kept. */
  insert(text, { replace = false } = {}) {
    this.use("reply");
    const before = this.text.value.trim();
    this.text.value = before && !replace ? `${before}\n\n${text}` : text;
    this.typed();
    this.text.focus();
  }

  insertSnippet() {
    const snippet = this.found.snippets[Number(this.snippets.value)];
    if (this.snippets.value !== "" && snippet) this.insert(snippet.text);
    this.snippets.value = "";
  }

  /** One key per text and files: sending again after a lost answer happens once. */
  keyOf(draft, mode, text, files) {
    const print = [text, ...files].join("\n");
    if (draft.keys[mode]?.print !== print) draft.keys[mode] = { print, key: api.newKey() };
    return draft.keys[mode].key;
  }

  async send() {
    const { conv, mode, draft } = this;
    const text = draft[mode].trim();
    const files = mode === "reply" ? this.files.ids : [];
    if (!(text || files.length) || this.sending || this.files.isBusy) return;
    this.sending = true;
    this.stopTyping();
    this.draw();
    try {
      const body = { text, key: this.keyOf(draft, mode, text, files), ...(files.length && { upload_ids: files }) };
      const isDone = await this.act(mode, body);
      if (isDone) draft.files = draft.files.filter((item) => !files.includes(item.id));
      if (isDone && this.conv === conv) this.files.use(draft.files, this.files.offer);
      if (isDone && draft[mode].trim() === text) {
        draft[mode] = "";
        delete draft.keys[mode];
        if (this.conv === conv && this.mode === mode) this.text.value = "";
      }
    } catch (error) {
      toast(`Not sent: ${error.message} Your text is still here.`, { bad: true });
    } finally {
      this.sending = false;
      this.draw();
    }
  }

  focus(mode) {
    this.use(mode);
    this.text.focus();
  }
}
