// Behind the scenes: how the model and the shop behave, what the shop knows, how fresh the knowledge is, and the story to play.

import * as api from "./api.js";
import { h, icon, toast } from "./dom.js";
import { KnowledgeSection } from "./knowledge.js";

const NOTHING = { models: [], shop: [], story: [] };
const AND = new Intl.ListFormat("en-GB");
const MONEY = new Map();

function money(amount, currency) {
  if (!MONEY.has(currency)) MONEY.set(currency, new Intl.NumberFormat([], { style: "currency", currency }));
  return MONEY.get(currency).format(amount);
}

function section(title, ...content) {
  return h("section", null, h("h3", null, title), content);
}

export class BehindPane {
  constructor(lab, { onChange, onPlay, chat }) {
    Object.assign(this, { id: "behind", kind: "behind", title: "Behind the scenes" });
    this.onChange = onChange;
    this.onPlay = onPlay;
    this.chat = chat;
    this.customer = "";
    this.view = null;
    const backstage = lab.backstage ?? NOTHING;
    const has = {
      model: backstage.models.length > 0,
      knowledge: Boolean(lab.knowledge),
      story: backstage.story.length > 0 && Boolean(chat),
      shop: backstage.shop.length > 0,
    };
    this.model = this.modes(backstage.models, "model", api.model);
    this.calls = h("p", { class: "soft" });
    this.shop = this.modes(backstage.shop, "shop", api.shop);
    this.orders = h("div", { class: "orders" });
    this.effects = h("ol", { class: "effects" });
    this.root = h("section", { class: "pane behind", id: "pane-behind", "data-kind": "behind", "aria-labelledby": "title-behind" },
      h("header", null,
        h("span", { class: "glyph" }, icon("behind")),
        h("div", { class: "titles" }, h("h2", { id: "title-behind" }, this.title), h("p", null, AND.format(Object.keys(has).filter((part) => has[part]))))),
      h("div", { class: "scroll", tabindex: 0, role: "group", "aria-label": "Behind the scenes" },
        has.model && section("The model", this.model.root, this.calls),
        has.knowledge && new KnowledgeSection(lab.knowledge).root,
        has.story && section("The story, in the web chat", this.story(backstage)),
        has.shop && section("The shop", this.shop.root, this.orders, this.effects)));
  }

  /** One of several ways to behave; a group of radio buttons. */
  modes(choices, name, call) {
    const inputs = choices.map(({ id }) => h("input", { type: "radio", name, value: id, onchange: () => this.act(() => call(id)) }));
    const root = h("fieldset", { class: "modes" }, h("legend", { class: "sr" }, `How the ${name} behaves`),
      choices.map(({ text }, place) => h("label", null, inputs[place], h("span", null, text))));
    return { root, show: (mode) => { for (const input of inputs) input.checked = input.value === mode; } };
  }

  async act(call) {
    try {
      await call();
    } catch (error) {
      toast(error.message);
      if (this.view) this.update(this.view);
    }
  }

  story({ story, customers, models }) {
    const named = (list, id) => list.find((one) => one.id === id);
    return h("ol", { class: "steps" }, story.map((step) => {
      const button = h("button", { type: "button", onclick: () => this.act(() => this.play(step, item)) }, step.say);
      const setting = [step.customer && `As ${named(customers, step.customer)?.name}.`, step.mode !== "normal" && `Model: ${named(models, step.mode)?.text}.`].filter(Boolean);
      const item = h("li", null, button, h("p", { class: "soft" }, setting.length > 0 && h("strong", null, `${setting.join(" ")} `), step.watch));
      return item;
    }));
  }

  /** Make everything ready for a step; the visitor reads the words in the chat and sends them. */
  async play(step, item) {
    if ((this.view?.model ?? "normal") !== step.mode) await api.model(step.mode);
    if (step.customer && step.customer !== this.customer) await this.chat.signIn(step.customer);
    this.onPlay();
    this.chat.draft(step.say);
    item.dataset.done = "yes";
  }

  /** Somebody else is signed in at the web chat. */
  known(customer) {
    this.customer = customer;
    if (this.view) this.update(this.view);
  }

  update(view) {
    this.root.dataset.live = "yes";
    this.view = view;
    this.model.show(view.model);
    this.shop.show(view.shop);
    this.calls.textContent = `Asked ${view.calls} times so far.`;
    const customer = view.customers.find(({ id }) => id === this.customer);
    this.orders.replaceChildren(...(customer ? ordersOf(customer) : [h("p", { class: "soft" }, "Nobody is signed in at the web chat, so the assistant can see no order.")]));
    const lines = view.effects.length ? view.effects : ["Nothing was changed yet."];
    this.effects.replaceChildren(...lines.map((line) => h("li", null, line)));
    this.onChange(this);
  }

  get progress() {
    return {};
  }

  get replies() {
    return [];
  }
}

function ordersOf({ name, orders }) {
  const rows = orders.map((order) => {
    const marks = [order.refunded > 0 && `${money(order.refunded, order.currency)} refunded`, ...order.returns.map((id) => `return ${id}`)].filter(Boolean);
    return h("tr", null,
      h("th", { scope: "row" }, order.order_id),
      h("td", null, order.items.join(", "), marks.map((mark) => h("span", { class: "changed" }, mark))),
      h("td", null, order.status),
      h("td", { class: "number" }, money(order.total, order.currency)));
  });
  return [h("div", { class: "table", tabindex: 0, role: "group", "aria-label": `Orders of ${name}` },
    h("table", null, h("caption", null, `${name}’s orders`),
      h("thead", { class: "sr" }, h("tr", null, ["Order", "Items", "Status", "Total"].map((head) => h("th", { scope: "col" }, head)))),
      h("tbody", null, rows)))];
}
