// Keyboard shortcuts; single keys can be switched off (WCAG 2.1.4).

import { h } from "./dom.js";

const SETTING = "frontdesk.desk.keys";
const SHORTCUTS = [
  ["j", "Next conversation", "next"],
  ["k", "Previous conversation", "previous"],
  ["c", "Claim the conversation", "claim"],
  ["r", "Write a reply", "reply"],
  ["n", "Write an internal note", "note"],
  ["s", "Edit the suggested reply", "suggest"],
  ["b", "Give back to the assistant", "give_back"],
  ["e", "Resolve", "resolve"],
  ["/", "Find in the list", "search"],
  ["?", "This help", "help"],
];
const ALWAYS = [["Ctrl + Enter", "Send the reply or save the note"], ["Esc", "Leave the text, or go back to the list"]];

export class Keys {
  constructor(actions) {
    this.actions = { ...actions, help: () => this.help() };
    this.isOn = localStorage.getItem(SETTING) !== "off";
    document.addEventListener("keydown", (event) => this.press(event));
  }

  press(event) {
    if (document.querySelector("dialog[open]")) return;
    const isWriting = event.target.closest("input, textarea, select");
    if (event.key === "Escape") {
      if (isWriting) event.target.blur();
      else this.actions.back();
      return;
    }
    if (isWriting || !this.isOn || event.ctrlKey || event.metaKey || event.altKey || event.repeat) return;
    const found = SHORTCUTS.find(([key]) => key === event.key);
    if (!found) return;
    event.preventDefault();
    this.actions[found[2]]();
  }

  help() {
    const dialog = h("dialog", { class: "dialog help", "aria-labelledby": "help-title", onclose: () => dialog.remove() },
      h("form", { method: "dialog" },
        h("h2", { id: "help-title" }, "Keyboard shortcuts"),
        h("dl", { class: "keys" }, [...SHORTCUTS, ...ALWAYS].map(([key, what]) => [h("dt", {}, h("kbd", {}, key)), h("dd", {}, what)])),
        h("label", { class: "check" },
          h("input", { type: "checkbox", checked: this.isOn, onchange: (event) => this.turn(event.target.checked) }), "Single-key shortcuts"),
        h("div", { class: "row end" }, h("button", { class: "primary", autofocus: true }, "Close"))));
    document.body.append(dialog);
    dialog.showModal();
  }

  turn(isOn) {
    this.isOn = isOn;
    localStorage.setItem(SETTING, isOn ? "on" : "off");
  }
}
