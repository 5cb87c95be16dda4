// The web chat itself, as it stands on the company's site, and the receipts of its replies.

import { Chat } from "./chat.js";
import { h, icon, keyed, toast } from "./dom.js";
import { receiptFold } from "./receipt.js";

const SHOWN = 5;

export class WebPane {
  constructor(about, lab, { onChange, onKnown = () => {} }) {
    Object.assign(this, { id: about.id, kind: about.kind, title: about.title });
    this.onChange = onChange;
    this.replies = [];
    this.receipts = h("div", { class: "receipts", role: "group", "aria-label": "Receipts of the newest replies" });
    this.chat = new Chat(lab.web, { onKnown: (customer) => this.known(customer, onKnown) });
    this.root = h("section", { class: "pane", id: `pane-${about.id}`, "data-kind": "web", "aria-labelledby": `title-${about.id}` },
      h("header", null,
        h("span", { class: "glyph" }, icon("web")),
        h("div", { class: "titles" }, h("h2", { id: `title-${about.id}` }, about.title), h("p", null, about.subtitle)),
        this.identity(lab.backstage)),
      this.chat.frame,
      this.receipts);
  }

  /** Who the visitor is at the shop, as its own log-in would know it. */
  identity(backstage) {
    if (!backstage?.can_sign_in) return null;
    const { customers } = backstage;
    this.who = h("select", null, h("option", { value: "" }, "nobody"), customers.map(({ id, name }) => h("option", { value: id }, name)));
    this.who.addEventListener("change", () => this.chat.signIn(this.who.value).catch((error) => toast(error.message)));
    this.chat.restore(customers.map(({ id }) => id)).catch((error) => toast(error.message));
    return h("label", { class: "identity" }, h("span", null, "Signed in as"), this.who);
  }

  known(customer, onKnown) {
    this.who.value = customer;
    onKnown(customer);
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
      person: this.replies.some(({ role, receipt }) => role === "system" || receipt?.outcome.startsWith("handed")),
      answer: roles.includes("agent"),
    };
  }
}
