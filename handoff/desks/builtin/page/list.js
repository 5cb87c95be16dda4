// The left pane: which conversations there are, and which of them changed since they were last looked at.

import * as api from "./api.js";
import { $, fill, h, icon, keyed, toast } from "./dom.js";
import { nameOf, tags, tick, waiting } from "./names.js";

const FILTERS = [
  ["queue", "Queue", "Nobody is waiting.", "New cases appear here by themselves."],
  ["mine", "Mine", "You have no conversations.", "Claim one from the queue."],
  ["open", "Open", "No open conversations.", "Everything people look after is listed here."],
  ["resolved", "Resolved", "Nothing is resolved yet.", ""],
  ["all", "All", "No conversations yet.", "They appear with the first message."],
];
const SEEN = "frontdesk.desk.seen";
const MAX_SEEN = 500;

export class List {
  constructor({ open, changed }) {
    this.open = open;
    this.changed = changed;
    this.filter = "queue";
    this.isKnown = false;
    this.items = [];
    this.mine = [];
    this.counts = {};
    this.before = null;
    this.current = null;
    this.loading = null;
    this.seen = JSON.parse(localStorage.getItem(SEEN) || "{}");
    $("search").addEventListener("input", () => this.draw());
    $("more").addEventListener("click", () => this.more());
    fill($("filters"), FILTERS.map(([id, name]) =>
      h("button", { type: "button", class: "filter", data: { filter: id }, onclick: () => this.show(id) },
        name, h("span", { class: "count" }))));
  }

  async use(tenant) {
    this.tenant = tenant;
    this.items = [];
    this.isKnown = false;
    await this.refresh();
  }

  show(filter) {
    this.filter = filter;
    this.items = [];
    this.isKnown = false;
    $("search").value = "";
    this.draw();
    return this.refresh();
  }

  /** Read the list again; calls that come while one is under way share the one after it. */
  refresh() {
    if (this.loading) {
      this.again = true;
      return this.loading;
    }
    this.loading = this.load().finally(() => {
      this.loading = null;
      if (this.again) {
        this.again = false;
        this.refresh();
      }
    });
    return this.loading;
  }

  async load() {
    const { tenant, filter } = this;
    try {
      const [page, mine] = await Promise.all([
        api.list(tenant, filter),
        filter === "mine" ? null : api.list(tenant, "mine"),
      ]);
      if (tenant !== this.tenant || filter !== this.filter) {
        this.again = true;
        return;
      }
      Object.assign(this, { items: page.items, isKnown: true, before: page.before, counts: page.counts, mine: (mine || page).items });
      this.changed(page);
      this.draw();
    } catch (error) {
      toast(error.message, { bad: true });
    }
  }

  async more() {
    const page = await api.list(this.tenant, this.filter, this.before);
    const known = new Set(this.items.map((item) => item.conv));
    this.items = [...this.items, ...page.items.filter((item) => !known.has(item.conv))];
    this.before = page.before;
    this.draw();
  }

  /** What the agent looks at now is read. */
  mark(conv, seq) {
    this.seen[conv] = seq;
    const entries = Object.entries(this.seen);
    if (entries.length > MAX_SEEN) this.seen = Object.fromEntries(entries.slice(-MAX_SEEN));
    localStorage.setItem(SEEN, JSON.stringify(this.seen));
    this.draw();
  }

  isUnread(item) {
    const isOurs = item.owner === "queue" || item.owner === "human";
    return isOurs && item.seq > (this.seen[item.conv] || 0);
  }

  get shown() {
    const words = $("search").value.trim().toLowerCase();
    if (!words) return this.items;
    return this.items.filter((item) =>
      [item.contact.name, item.contact.email, item.contact.customer_account, item.preview, item.agent]
        .some((text) => text && text.toLowerCase().includes(words)));
  }

  /** The conversation `step` places from the open one. */
  neighbour(step) {
    const shown = this.shown;
    const at = shown.findIndex((item) => item.conv === this.current);
    return at < 0 ? shown[0] : shown[Math.min(shown.length - 1, Math.max(0, at + step))];
  }

  draw() {
    this.drawFilters();
    const shown = this.shown;
    keyed($("items"), shown, {
      key: (item) => item.conv,
      print: (item) => JSON.stringify([item, this.isUnread(item), item.conv === this.current]),
      render: (item, node) => this.line(item, node),
    });
    this.drawEmpty(shown);
    $("more").hidden = !this.before;
    tick();
    const fresh = this.mine.filter((item) => this.isUnread(item)).length;
    const waiting = (this.counts.queue || 0) + fresh;
    document.title = `${waiting ? `(${waiting}) ` : ""}Desk · Frontdesk`;
  }

  drawFilters() {
    const counts = {
      queue: this.counts.queue,
      mine: this.mine.length,
      open: (this.counts.queue || 0) + (this.counts.human || 0),
    };
    for (const button of $("filters").children) {
      const id = button.dataset.filter;
      button.setAttribute("aria-pressed", String(id === this.filter));
      button.lastChild.textContent = counts[id] ? counts[id] : "";
      button.classList.toggle("fresh", id === "mine" && this.mine.some((item) => this.isUnread(item)));
    }
  }

  drawEmpty(shown) {
    const [, , title, text] = FILTERS.find(([id]) => id === this.filter);
    const isSearch = $("search").value.trim() !== "";
    $("list-empty").hidden = shown.length > 0 || !this.isKnown;
    fill($("list-empty"), icon("inbox"), h("p", { class: "strong" }, isSearch ? "Nothing found." : title),
      h("p", {}, isSearch ? "The search looks at this list only." : text));
  }

  line(item, node) {
    const unread = this.isUnread(item);
    const button = node?.firstElementChild || h("button", { type: "button", onclick: () => this.open(item.conv) });
    button.className = `item${unread ? " unread" : ""}`;
    if (item.conv === this.current) button.setAttribute("aria-current", "true");
    else button.removeAttribute("aria-current");
    fill(button,
      h("span", { class: "item-top" },
        unread && h("span", { class: "dot" }, h("span", { class: "sr" }, "Unread. ")),
        h("span", { class: "item-name" }, nameOf(item)),
        waiting(item)),
      h("span", { class: "item-text" }, item.preview || "No message yet"),
      h("span", { class: "item-tags" }, tags(item)));
    return node || h("li", {}, button);
  }
}
