/** Where the contact writes: text, files by button, paste or drop, and the way to a person. */

import { button, h, icon, put, set, toggle } from "./dom.js";

const TALLEST_PX = 140;

/** @param {{chat: any, words: any, storage: any}} context */
export function createComposer({ chat, words, storage }) {
  const { t } = words;
  /** @type {Map<File, {node: HTMLElement, done?: any, stop: AbortController}>} */
  const files = new Map();
  const text = h("textarea", {
    id: "text",
    rows: 1,
    placeholder: t("write"),
    "aria-label": t("write"),
    "aria-describedby": "hint",
    enterkeyhint: "send",
    dir: "auto",
    oninput: typed,
    onkeydown: onKey,
    onpaste: onPaste,
  });
  const picker = h("input", { type: "file", multiple: true, hidden: true, tabindex: -1, onchange: picked });
  const attach = button({ class: "tool", "aria-label": t("attach"), title: t("attach"), onclick: () => picker.click() }, icon("clip"));
  const person = button({ class: "person", onclick: chat.escalate }, icon("person"), h("span", null, t("person")));
  const standing = h("span", { class: "standing", hidden: true }, icon("person"), h("span"));
  const submit = h("button", { type: "submit", class: "send", "aria-label": t("send"), title: t("send"), disabled: true }, icon("send"));
  const hint = h("div", { id: "hint", class: "hint", role: "status" });
  const list = h("div", { class: "files", hidden: true });
  const bar = h("div", { class: "bar" }, attach, picker, person, standing, h("span", { class: "space" }), submit);
  const root = h("form", { class: "composer", onsubmit: send }, list, text, hint, bar);
  let config = null;

  text.value = storage.get("draft", "");

  const excess = () => Math.max(0, text.value.length - (config?.max_text ?? Infinity));
  const attached = () => [...files.values()].map((file) => file.done);

  function refresh() {
    const over = excess();
    const isBusy = attached().some((done) => !done);
    put(hint, over ? t("tooLong", { n: over }) : hint.dataset.problem ?? "");
    submit.disabled = over > 0 || isBusy || !(text.value.trim() || files.size);
    set(text, { "aria-invalid": over > 0 ? "true" : null });
    toggle(list, files.size > 0);
    text.style.height = "auto";
    text.style.height = `${Math.min(text.scrollHeight, TALLEST_PX)}px`;
  }

  function complain(message = "") {
    hint.dataset.problem = message;
    refresh();
  }

  function typed() {
    storage.put("draft", text.value);
    chat.typing(text.value.length > 0);
    complain();
  }

  /** The page lays words into the field; only the contact sends them. */
  function draft(words) {
    text.value = words;
    typed();
    text.focus();
  }

  function onKey(event) {
    // An Enter that ends the choice of a character (Japanese, Chinese, Korean) sends nothing.
    if (event.key !== "Enter" || event.shiftKey || event.isComposing || event.keyCode === 229) return;
    event.preventDefault();
    if (!submit.disabled) root.requestSubmit();
  }

  function onPaste(event) {
    const pasted = [...(event.clipboardData?.files ?? [])];
    if (!pasted.length) return;
    event.preventDefault();
    add(pasted);
  }

  function picked() {
    add([...picker.files]);
    picker.value = "";
  }

  function send(event) {
    event.preventDefault();
    if (submit.disabled) return;
    const body = text.value.trim();
    const attachments = attached();
    text.value = "";
    storage.put("draft", "");
    files.clear();
    list.replaceChildren();
    complain();
    text.focus();
    chat.typing(false);
    chat.send(body, attachments);
  }

  /** Why a file cannot be taken, before it is sent anywhere. */
  function refusal(file) {
    if (files.size >= (config?.max_attachments ?? 10)) return t("tooMany", { n: config.max_attachments });
    const most = config?.max_upload_bytes ?? Infinity;
    return file.size > most ? t("tooBig", { name: file.name, max: words.size(most) }) : "";
  }

  function add(chosen) {
    complain();
    for (const file of chosen) {
      const problem = refusal(file);
      if (problem) complain(problem);
      else take(file);
    }
  }

  async function take(file) {
    const stop = new AbortController();
    const bar = h("progress", { max: 1, value: 0, "aria-label": file.name });
    const remove = button({ class: "tool", "aria-label": t("remove", { name: file.name }), onclick: () => drop(file) }, icon("cross"));
    const node = h("div", { class: "file" }, icon("file"), h("span", { class: "file-name" }, file.name), bar, remove);
    const entry = { node, stop, done: null };
    files.set(file, entry);
    list.append(node);
    refresh();
    try {
      entry.done = await chat.upload(file, (share) => (bar.value = share), stop.signal);
      bar.remove();
      refresh();
    } catch (problem) {
      if (!files.has(file)) return;
      drop(file);
      complain(reason(file, problem));
    }
  }

  function reason(file, problem) {
    const key = { 413: "tooBig", 415: "uploadType", 429: "slow" }[problem.status] ?? "uploadFailed";
    return t(key, { name: file.name, max: words.size(config.max_upload_bytes) });
  }

  function drop(file) {
    files.get(file)?.stop.abort();
    files.get(file)?.node.remove();
    files.delete(file);
    refresh();
    text.focus();
  }

  function update(state) {
    const isFirst = state.config && !config;
    config = state.config;
    const isWithPeople = state.owner === "queue" || state.owner === "human";
    toggle(person, !isWithPeople);
    toggle(standing, isWithPeople);
    put(standing.lastChild, state.owner === "human" ? state.agent || t("agent") : t("waiting"));
    put(person.lastChild, t(state.asking ? "asking" : "person"));
    set(person, { "aria-disabled": state.asking ? "true" : null });
    if (isFirst) refresh();
  }

  return { root, update, add, draft, focus: () => text.focus(), refresh };
}
