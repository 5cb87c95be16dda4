// A channel as the contact's phone shows it.

import * as api from "./api.js";
import { h, icon, keyed, toast } from "./dom.js";
import { line, print, speaker } from "./message.js";

const NEAR_PX = 80;
const HINTS = {
  slack: "You are a customer in Slack, in a direct message.",
  telegram: "You are a customer on Telegram, in a private chat.",
  whatsapp: "You are a customer on WhatsApp.",
  sms: "You are a customer who sends text messages.",
  teams: "You are a customer in Microsoft Teams, in a 1:1 chat.",
};
const PERSON = "I want to talk to a person";
const SPOKEN = "How much is delivery to Germany?";

export class Pane {
  constructor(about, lab, { onChange }) {
    Object.assign(this, { id: about.id, kind: about.kind, title: about.title, abilities: about.abilities });
    this.company = lab.company;
    this.onChange = onChange;
    this.changing = null;
    this.messages = [];
    this.build(about, lab);
  }

  build(about, lab) {
    this.log = h("ol", { class: "log" });
    this.hint = this.welcome(lab);
    this.armed = h("p", { class: "armed", hidden: true });
    this.activity = h("p", { class: "activity", hidden: true });
    this.owner = h("p", { class: "owner", role: "status", hidden: true });
    this.scroll = h("div", { class: "scroll", tabindex: 0, role: "log", "aria-label": `${about.title} messages` }, this.hint, this.log, this.activity, this.armed);
    this.root = h("section", { class: "pane", id: `pane-${about.id}`, "data-kind": about.kind, "aria-labelledby": `title-${about.id}` },
      h("header", null,
        h("span", { class: "glyph" }, icon(about.kind)),
        h("div", { class: "titles" }, h("h2", { id: `title-${about.id}` }, about.title), h("p", null, about.subtitle)),
        this.troubles(lab)),
      this.scroll,
      this.owner,
      this.composer(about));
  }

  welcome(lab) {
    return h("div", { class: "welcome" },
      h("p", null, HINTS[this.kind] ?? `You are a customer on ${this.title}.`),
      lab.suggestions.map((text) => h("button", { type: "button", onclick: () => this.say(text) }, text)));
  }

  /** What may go wrong at the vendor, on request. */
  troubles(lab) {
    const label = `Let something go wrong at ${this.title}`;
    const pick = h("select", { "aria-label": label, title: label }, h("option", { value: "" }, "All is well"),
      lab.troubles.map(({ id, text }) => h("option", { value: id }, `Next: ${text}`)));
    pick.addEventListener("change", () => {
      const name = pick.value;
      pick.value = "";
      if (name) this.act(() => api.trouble(this.id, name));
    });
    return h("span", { class: "troubles" }, icon("trouble"), pick);
  }

  composer(about) {
    this.text = h("input", { type: "text", autocomplete: "off", maxlength: 4000, placeholder: "Write as the customer", "aria-label": `Message on ${about.title}` });
    const file = h("input", { type: "file", class: "sr", tabindex: -1, "aria-hidden": "true" });
    file.addEventListener("change", () => {
      if (file.files.length) this.act(() => api.attach(this.id, file.files[0]));
      file.value = "";
    });
    const tool = (name, label, act) => h("button", { type: "button", class: "tool", "aria-label": `${label} on ${about.title}`, title: label, onclick: act }, icon(name));
    const person = h("button", { type: "button", class: "person", onclick: () => this.say(PERSON) }, icon("person"), "Talk to a person");
    this.form = h("form", { class: "composer" },
      h("div", { class: "row" }, person,
        tool("voice", "Send a voice note", () => this.act(() => api.voice(this.id, SPOKEN))),
        tool("photo", "Send a photo", () => this.act(() => api.photo(this.id))),
        tool("attach", "Send a file", () => file.click()), file),
      h("div", { class: "row" }, this.text, h("button", { type: "submit", class: "send", "aria-label": `Send on ${about.title}` }, icon("send"))));
    this.form.addEventListener("submit", (event) => this.submit(event));
    this.text.addEventListener("keydown", (event) => event.key === "Escape" && this.change(null));
    return this.form;
  }

  submit(event) {
    event.preventDefault();
    const text = this.text.value.trim();
    if (!text) return;
    const changed = this.changing;
    this.change(null);
    this.text.value = "";
    if (changed) this.act(() => api.edit(this.id, changed.ref, text));
    else this.say(text);
  }

  /** Write a message anew instead of a new one; null: not any more. */
  change(message) {
    this.changing = message;
    this.form.dataset.changing = message ? "yes" : "no";
    this.text.value = message ? message.text : "";
    if (message) this.text.focus();
  }

  say(text) {
    return this.act(() => api.say(this.id, text));
  }

  press(ref, choice) {
    this.hasPressed = true;
    return this.act(() => api.press(this.id, ref, choice));
  }

  /** Do something; tell when Frontdesk did not take it. */
  async act(call) {
    this.stick = true;
    try {
      const answer = await call();
      if (answer?.status >= 400) toast(`${this.title}: Frontdesk answered the webhook with ${answer.status}.`);
    } catch (error) {
      toast(`${this.title}: ${error.message}`);
    }
    this.onChange(this);
  }

  update(view) {
    this.root.dataset.live = "yes";
    const { scroll } = this;
    const isNear = this.stick || scroll.scrollHeight - scroll.scrollTop - scroll.clientHeight < NEAR_PX;
    this.messages = view.messages;
    this.hint.hidden = view.messages.length > 0;
    keyed(this.log, grouped(view.messages), { key: ({ ref }) => ref, print, render: (message, before) => line(this, message, before) });
    show(this.activity, view.activity ?? "");
    show(this.owner, owned(view.ownership));
    show(this.armed, view.armed.length ? `Waiting to go wrong: ${view.armed.join(", ")}` : "");
    if (isNear) scroll.scrollTop = scroll.scrollHeight;
    this.stick = false;
    this.onChange(this);
  }

  /** How far a visitor came in this pane. */
  get progress() {
    const speakers = this.messages.map(speaker);
    const offered = new Set(this.messages.flatMap(({ choices }) => choices));
    const wish = this.messages.some((message) => message.author === "contact" && /person|human/i.test(message.text));
    return {
      ask: speakers.includes("contact") && speakers.includes("bot"),
      press: Boolean(this.hasPressed) || this.messages.some(({ author, text }) => author === "contact" && offered.has(text)),
      person: wish && this.messages.some(({ known }) => known?.role === "system" || known?.receipt?.outcome),
      answer: speakers.includes("agent"),
    };
  }
}

/** Who speaks, when it is not the assistant: otherwise a visitor waits for an answer that must not come. */
function owned(ownership) {
  if (ownership?.owner === "queue") return "Waiting for a person. Answer at the desk; the assistant is silent now.";
  if (ownership?.owner === "human") return `With ${ownership.agent ?? "a person"}. The assistant is silent until the desk resolves it or gives it back.`;
  return "";
}

/** The parts of one reply belong together: one name above the first, one receipt below the last. */
function grouped(messages) {
  const part = (message) => message?.known?.message_id ?? "";
  return messages.map((message, place) => {
    const [before, after] = [messages[place - 1], messages[place + 1]];
    const [follows, goesOn] = [before, after].map((other) => Boolean(part(message)) && part(message) === part(other));
    return follows || goesOn ? { ...message, follows, goesOn } : message;
  });
}

function show(node, text) {
  if (node.textContent !== text) node.textContent = text;
  node.hidden = !text;
}
