// The web chat itself, as it stands on the company's site, and the receipts of its replies.

import { h, icon, keyed } from "./dom.js";
import { receiptFold } from "./receipt.js";

const SHOWN = 5;

export class WebPane {
  constructor(about, lab, { onChange }) {
    Object.assign(this, { id: about.id, kind: about.kind, title: about.title });
    this.onChange = onChange;
    this.replies = [];
    this.receipts = h("div", { class: "receipts", role: "group", "aria-label": "Receipts of the newest replies" });
    this.root = h("section", { class: "pane", id: `pane-${about.id}`, "data-kind": "web", "aria-labelledby": `title-${about.id}` },
      h("header", null,
        h("span", { class: "glyph" }, icon("web")),
        h("div", { class: "titles" }, h("h2", { id: `title-${about.id}` }, about.title), h("p", null, about.subtitle))),
      h("iframe", { src: lab.web, title: "Web chat" }),
      this.receipts);
  }

  update(view) {
    this.root.dataset.live = "yes";
    this.replies = view.replies;
    const shown = view.replies.filter(({ receipt }) => receipt).slice(-SHOWN).reverse();
    keyed(this.receipts, shown, {
      key: ({ message_id: id }) => id,
      print: JSON.stringify,
      render: ({ receipt }, before) => receiptFold(receipt, Boolean(before?.open)),
    });
    this.onChange(this);
  }

  get progress() {
    const roles = this.replies.map(({ role }) => role);
    return {
      ask: roles.includes("bot"),
      press: false,
      person: this.replies.some(({ role, receipt }) => role === "system" || receipt?.outcome),
      answer: roles.includes("agent"),
    };
  }
}
